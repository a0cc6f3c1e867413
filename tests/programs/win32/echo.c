/* Says what it was called with, then what it reads; ends with the number in its first argument. */
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

int main(int count, char **words)
{
    char folder[MAX_PATH], own[MAX_PATH], line[4096];
    GetCurrentDirectoryA(sizeof folder, folder);
    GetModuleFileNameA(NULL, own, sizeof own);
    printf("own %s\nfolder %s\n", own, folder);
    for (int at = 1; at < count; at++)
        printf("word %s\n", words[at]);
    while (fgets(line, sizeof line, stdin))
        printf("read %s", line);
    return count > 1 ? atoi(words[1]) : 0;
}
