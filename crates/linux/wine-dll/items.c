/* Shell items of what was chosen. Programs that ask for them have shell32.dll and ole32.dll, to which nothing here is linked. */
#include "dialogs.h"

typedef HRESULT WINAPI parse(const WCHAR *, IBindCtx *, PIDLIST_ABSOLUTE *, SFGAOF, SFGAOF *);
typedef HRESULT WINAPI make_item(PCIDLIST_ABSOLUTE, REFIID, void **);
typedef HRESULT WINAPI make_array(UINT, PCIDLIST_ABSOLUTE_ARRAY, IShellItemArray **);
typedef void WINAPI free_memory(void *);

/* As many as a request can come to (broker/desk/choosing.rs). */
#define MOST 128

static void *function(const WCHAR *library, const char *name)
{
    HMODULE module = LoadLibraryW(library);
    return module ? (void *)GetProcAddress(module, name) : NULL;
}

void free_task_memory(void *bytes)
{
    free_memory *release = function(L"ole32.dll", "CoTaskMemFree");
    if (release && bytes)
        release(bytes);
}

BOOL make_items(const WCHAR *names, ULONG length, struct chosen *chosen)
{
    parse *parse_name = function(L"shell32.dll", "SHParseDisplayName");
    make_item *item_of = function(L"shell32.dll", "SHCreateItemFromIDList");
    make_array *array_of = function(L"shell32.dll", "SHCreateShellItemArrayFromIDLists");
    PIDLIST_ABSOLUTE *lists = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, MOST * sizeof *lists);
    UINT count = 0;
    *chosen = (struct chosen){ 0 };
    if (!parse_name || !item_of || !array_of || !lists)
        return FALSE;
    for (const WCHAR *name = names; name < names + length && count < MOST; name += lstrlenW(name) + 1)
        if (SUCCEEDED(parse_name(name, NULL, &lists[count], 0, NULL)))
            count++;
    if (count && SUCCEEDED(item_of(lists[0], &IID_IShellItem, (void **)&chosen->first))
        && FAILED(array_of(count, (PCIDLIST_ABSOLUTE_ARRAY)lists, &chosen->all)))
        release_items(chosen);
    for (UINT at = 0; at < count; at++)
        free_task_memory(lists[at]);
    HeapFree(GetProcessHeap(), 0, lists);
    return chosen->first != NULL;
}

void release_items(struct chosen *chosen)
{
    if (chosen->first)
        IShellItem_Release(chosen->first);
    if (chosen->all)
        IShellItemArray_Release(chosen->all);
    *chosen = (struct chosen){ 0 };
}

WCHAR *path_of(IShellItem *item)
{
    WCHAR *path;
    return item && SUCCEEDED(IShellItem_GetDisplayName(item, SIGDN_FILESYSPATH, &path)) ? path : NULL;
}
