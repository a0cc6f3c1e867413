/*
 * Has the user choose, word by word, and says what came of it: in=FOLDER is where to begin from then on; open, narrow (the same by the function for
 * texts of bytes), several, save=NAME, r:PATH (no choice: reads a file).
 */
#include <stdio.h>
#include <windows.h>
#include <commdlg.h>

static void read_one(const char *path)
{
    char line[256] = "";
    FILE *file = fopen(path, "rb");
    if (!file || !fgets(line, sizeof line, file))
        strcpy(line, "can't be read");
    line[strcspn(line, "\r\n")] = 0;
    printf("%s: %s\n", path, line);
    if (file)
        fclose(file);
}

static void read_wide(const WCHAR *path)
{
    char narrow[1024];
    WideCharToMultiByte(CP_ACP, 0, path, -1, narrow, sizeof narrow, NULL, NULL);
    read_one(narrow);
}

static void save(const WCHAR *path)
{
    HANDLE file = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    DWORD done = 0;
    BOOL written = file != INVALID_HANDLE_VALUE && WriteFile(file, "written", 7, &done, NULL);
    printf("%ls: %s\n", path, written ? "written" : "can't be written");
    CloseHandle(file);
}

int main(int count, char **words)
{
    static WCHAR folder[1024];
    static char narrow_folder[1024];
    for (int at = 1; at < count; at++) {
        WCHAR file[4096] = L"", title[256] = L"";
        OPENFILENAMEW about = {
            .lStructSize = sizeof about,
            .lpstrFilter = L"Text\0*.txt;*.md\0",
            .lpstrFile = file,
            .nMaxFile = ARRAYSIZE(file),
            .lpstrFileTitle = title,
            .nMaxFileTitle = ARRAYSIZE(title),
            .lpstrInitialDir = *folder ? folder : NULL,
            .lpstrTitle = L"A title of its own",
            .Flags = OFN_EXPLORER | OFN_NOCHANGEDIR,
            .lpstrDefExt = L"txt",
        };
        if (!strncmp(words[at], "in=", 3)) {
            strcpy(narrow_folder, words[at] + 3);
            MultiByteToWideChar(CP_ACP, 0, narrow_folder, -1, folder, ARRAYSIZE(folder));
        } else if (!strcmp(words[at], "narrow")) {
            char name[4096] = "";
            OPENFILENAMEA narrow = {
                .lStructSize = sizeof narrow,
                .lpstrFilter = "Text\0*.txt\0",
                .lpstrFile = name,
                .nMaxFile = sizeof name,
                .lpstrInitialDir = narrow_folder,
            };
            if (GetOpenFileNameA(&narrow)) {
                printf("%s is ", name + narrow.nFileOffset);
                read_one(name);
            } else {
                printf("narrow: cancelled %lu\n", CommDlgExtendedError());
            }
        } else if (!strcmp(words[at], "open")) {
            if (GetOpenFileNameW(&about)) {
                printf("%ls, %ls, .%ls is ", title, file + about.nFileOffset, file + about.nFileExtension);
                read_wide(file);
            } else {
                printf("open: cancelled %lu\n", CommDlgExtendedError());
            }
        } else if (!strcmp(words[at], "several")) {
            about.Flags |= OFN_ALLOWMULTISELECT;
            if (!GetOpenFileNameW(&about)) {
                printf("several: cancelled\n");
            } else if (about.nFileOffset && file[about.nFileOffset - 1]) {
                printf("one: ");
                read_wide(file);
            } else {
                for (WCHAR *name = file + about.nFileOffset; *name; name += lstrlenW(name) + 1) {
                    WCHAR whole[4096];
                    _snwprintf(whole, ARRAYSIZE(whole), L"%ls\\%ls", file, name);
                    read_wide(whole);
                }
            }
        } else if (!strncmp(words[at], "save=", 5)) {
            MultiByteToWideChar(CP_ACP, 0, words[at] + 5, -1, file, ARRAYSIZE(file));
            if (GetSaveFileNameW(&about))
                save(file);
            else
                printf("save: cancelled\n");
        } else {
            read_one(words[at] + 2);
        }
        fflush(stdout);
    }
    return 0;
}
