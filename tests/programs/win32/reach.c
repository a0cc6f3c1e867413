/*
 * Tries what each of its words says, and says what came of it: r:PATH reads a file, w:PATH makes one, l:PATH lists a folder, d:PATH makes a folder;
 * s:PATH makes a file while another thread has Wine's server work all the time, and says whether that had to wait for a second.
 */
#include <stdio.h>
#include <windows.h>

static volatile LONG is_made;

static DWORD WINAPI work(void *longest)
{
    while (!is_made) {
        DWORD began = GetTickCount();
        CloseHandle(CreateEventA(NULL, FALSE, FALSE, NULL));
        DWORD took = GetTickCount() - began;
        if (took > *(DWORD *)longest)
            *(DWORD *)longest = took;
        Sleep(10);
    }
    return 0;
}

static const char *try(char what, const char *path)
{
    static char line[256];
    if (what == 'l') {
        WIN32_FIND_DATAA found;
        char all[1024];
        snprintf(all, sizeof all, "%s\\*", path);
        HANDLE search = FindFirstFileA(all, &found);
        if (search == INVALID_HANDLE_VALUE)
            return NULL;
        line[0] = 0;
        do {
            if (found.cFileName[0] != '.' && strlen(line) + strlen(found.cFileName) + 2 < sizeof line) {
                strcat(line, found.cFileName);
                strcat(line, " ");
            }
        } while (FindNextFileA(search, &found));
        FindClose(search);
        return line;
    }
    if (what == 'd')
        return CreateDirectoryA(path, NULL) ? "made" : NULL;
    HANDLE thread = NULL;
    DWORD longest = 0;
    if (what == 's')
        thread = CreateThread(NULL, 0, work, &longest, 0, NULL);
    HANDLE file = CreateFileA(path, what == 'r' ? GENERIC_READ : GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                              what == 'r' ? OPEN_EXISTING : CREATE_ALWAYS, 0, NULL);
    is_made = TRUE;
    if (thread) {
        WaitForSingleObject(thread, INFINITE);
        CloseHandle(thread);
    }
    if (file == INVALID_HANDLE_VALUE)
        return NULL;
    if (what == 's') {
        CloseHandle(file);
        return longest > 1000 ? "the server waited" : "the server worked";
    }
    DWORD done = 0;
    if (what == 'r') {
        ReadFile(file, line, sizeof line - 1, &done, NULL);
        line[done] = 0;
        line[strcspn(line, "\r\n")] = 0;
    } else {
        WriteFile(file, "written", 7, &done, NULL);
        strcpy(line, "made");
    }
    CloseHandle(file);
    return line;
}

int main(int count, char **words)
{
    for (int at = 1; at < count; at++) {
        const char *came = try(words[at][0], words[at] + 2);
        printf("%s: %s\n", words[at], came ? came : "no");
    }
    return 0;
}
