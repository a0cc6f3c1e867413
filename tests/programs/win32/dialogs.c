/* Has the user choose in dialogs that are made by COM, and says what came of it: open, several, folder, save=NAME. */
#define COBJMACROS
#include <stdio.h>
#include <windows.h>
#include <shobjidl.h>

static void say(IShellItem *item, BOOL saves)
{
    WCHAR *path;
    if (FAILED(IShellItem_GetDisplayName(item, SIGDN_FILESYSPATH, &path))) {
        printf("no path\n");
        return;
    }
    DWORD done = 0, attributes = GetFileAttributesW(path);
    char text[64] = "can't be used";
    if (attributes != INVALID_FILE_ATTRIBUTES && attributes & FILE_ATTRIBUTE_DIRECTORY) {
        WCHAR all[1024];
        WIN32_FIND_DATAW found;
        _snwprintf(all, ARRAYSIZE(all), L"%ls\\*.txt", path);
        HANDLE search = FindFirstFileW(all, &found);
        if (search != INVALID_HANDLE_VALUE)
            snprintf(text, sizeof text, "%ls", found.cFileName);
        FindClose(search);
    } else {
        HANDLE file = CreateFileW(path, saves ? GENERIC_WRITE : GENERIC_READ, 0, NULL, saves ? CREATE_ALWAYS : OPEN_EXISTING, 0, NULL);
        if (file != INVALID_HANDLE_VALUE && saves && WriteFile(file, "written", 7, &done, NULL))
            strcpy(text, "written");
        if (file != INVALID_HANDLE_VALUE && !saves && ReadFile(file, text, sizeof text - 1, &done, NULL))
            text[done] = 0;
        CloseHandle(file);
    }
    text[strcspn(text, "\r\n")] = 0;
    printf("%ls: %s\n", path, text);
    CoTaskMemFree(path);
}

static void choose(const char *word)
{
    BOOL saves = !strncmp(word, "save=", 5);
    IFileDialog *dialog;
    HRESULT made = CoCreateInstance(saves ? &CLSID_FileSaveDialog : &CLSID_FileOpenDialog, NULL, CLSCTX_INPROC_SERVER,
                                    &IID_IFileDialog, (void **)&dialog);
    if (FAILED(made)) {
        printf("no dialog: %lx\n", made);
        return;
    }
    COMDLG_FILTERSPEC types[] = { { L"Text", L"*.txt;*.md" } };
    FILEOPENDIALOGOPTIONS options;
    IFileDialog_SetTitle(dialog, L"A title of its own");
    IFileDialog_SetDefaultExtension(dialog, L"txt");
    IFileDialog_GetOptions(dialog, &options);
    if (!strcmp(word, "several"))
        IFileDialog_SetOptions(dialog, options | FOS_ALLOWMULTISELECT);
    if (!strcmp(word, "folder"))
        IFileDialog_SetOptions(dialog, options | FOS_PICKFOLDERS);
    else
        IFileDialog_SetFileTypes(dialog, 1, types);
    if (saves) {
        WCHAR name[256];
        MultiByteToWideChar(CP_ACP, 0, word + 5, -1, name, ARRAYSIZE(name));
        IFileDialog_SetFileName(dialog, name);
    }
    HRESULT shown = IFileDialog_Show(dialog, NULL);
    IFileOpenDialog *open;
    IShellItem *item;
    IShellItemArray *items;
    DWORD count = 0;
    if (FAILED(shown)) {
        printf("%s: %s\n", word, shown == HRESULT_FROM_WIN32(ERROR_CANCELLED) ? "cancelled" : "failed");
    } else if (!strcmp(word, "several") && SUCCEEDED(IFileDialog_QueryInterface(dialog, &IID_IFileOpenDialog, (void **)&open))
               && SUCCEEDED(IFileOpenDialog_GetResults(open, &items))) {
        IShellItemArray_GetCount(items, &count);
        for (DWORD at = 0; at < count; at++)
            if (SUCCEEDED(IShellItemArray_GetItemAt(items, at, &item))) {
                say(item, FALSE);
                IShellItem_Release(item);
            }
        IShellItemArray_Release(items);
        IFileOpenDialog_Release(open);
    } else if (SUCCEEDED(IFileDialog_GetResult(dialog, &item))) {
        WCHAR *name;
        if (SUCCEEDED(IFileDialog_GetFileName(dialog, &name))) {
            printf("%ls is ", name);
            CoTaskMemFree(name);
        }
        say(item, saves);
        IShellItem_Release(item);
    }
    fflush(stdout);
    IFileDialog_Release(dialog);
}

int main(int count, char **words)
{
    CoInitializeEx(NULL, COINIT_APARTMENTTHREADED);
    for (int at = 1; at < count; at++)
        choose(words[at]);
    CoUninitialize();
    return 0;
}
