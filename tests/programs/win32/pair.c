/* Starts each of its words as a command line, all at once, and waits until all have ended. */
#include <stdio.h>
#include <windows.h>

int main(int count, char **words)
{
    HANDLE all[MAXIMUM_WAIT_OBJECTS];
    for (int at = 1; at < count; at++) {
        STARTUPINFOA how = {.cb = sizeof how};
        PROCESS_INFORMATION new;
        if (!CreateProcessA(NULL, words[at], NULL, NULL, FALSE, 0, NULL, NULL, &how, &new))
            return 1;
        all[at - 1] = new.hProcess;
    }
    return WaitForMultipleObjects(count - 1, all, TRUE, 60000) == WAIT_TIMEOUT;
}
