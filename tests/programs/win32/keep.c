/* Counts its runs in the registry and in a file on C:, and says what it found there. With a word, sleeps for so many milliseconds. */
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

int main(int count, char **words)
{
    HKEY key;
    DWORD runs = 0, size = sizeof runs;
    RegCreateKeyExA(HKEY_CURRENT_USER, "Software\\Lowbox Test", 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key, NULL);
    RegQueryValueExA(key, "Runs", NULL, NULL, (BYTE *)&runs, &size);
    int in_file = 0;
    FILE *file = fopen("C:\\runs.txt", "r");
    if (file) {
        if (fscanf(file, "%d", &in_file) != 1)
            in_file = -1;
        fclose(file);
    }
    printf("%lu %d\n", runs, in_file);
    fflush(stdout);
    runs++;
    RegSetValueExA(key, "Runs", 0, REG_DWORD, (BYTE *)&runs, sizeof runs);
    file = fopen("C:\\runs.txt", "w");
    if (file) {
        fprintf(file, "%d\n", in_file + 1);
        fclose(file);
    }
    if (count > 1)
        Sleep(atoi(words[1]));
    return 0;
}
