/* Starts itself as a child, reads a number from the child's memory and writes another one there, and ends with what the child ends with. */
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

static volatile int number = 41;

int main(int count, char **words)
{
    if (count > 1) {
        HANDLE ready = OpenEventA(EVENT_ALL_ACCESS, FALSE, "lowbox-ready"), go = OpenEventA(EVENT_ALL_ACCESS, FALSE, "lowbox-go");
        SetEvent(ready);
        WaitForSingleObject(go, INFINITE);
        return number;
    }
    HANDLE ready = CreateEventA(NULL, FALSE, FALSE, "lowbox-ready"), go = CreateEventA(NULL, FALSE, FALSE, "lowbox-go");
    char own[MAX_PATH], line[MAX_PATH + 16];
    GetModuleFileNameA(NULL, own, sizeof own);
    snprintf(line, sizeof line, "\"%s\" child", own);
    STARTUPINFOA start = { sizeof start };
    PROCESS_INFORMATION child;
    if (!CreateProcessA(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &start, &child))
        return 101;
    WaitForSingleObject(ready, INFINITE);
    int seen = 0, other = 7;
    SIZE_T done = 0;
    /* Both are the same program, and without relocation they lie at the same address; the child's is told by its own image base. */
    if (!ReadProcessMemory(child.hProcess, (void *)&number, &seen, sizeof seen, &done))
        return 102;
    printf("read %d\n", seen);
    if (!WriteProcessMemory(child.hProcess, (void *)&number, &other, sizeof other, &done))
        return 103;
    SetEvent(go);
    WaitForSingleObject(child.hProcess, INFINITE);
    DWORD code = 0;
    GetExitCodeProcess(child.hProcess, &code);
    return (int)code;
}
