/*
 * A dialog of lowbox's: one of Wine's, which keeps what the program sets and is never shown, and in the place of what it would show the window in
 * which the user chooses. Who listens to its events hears of none.
 */
#include "dialogs.h"

#define MOST_FILTERS 400

struct dialog {
    const IFileOpenDialogVtbl *table;
    LONG references;
    BOOL saves;
    IFileDialog *inner;
    struct chosen chosen;
    WCHAR title[80], name[100], extension[16], folder[260], filters[MOST_FILTERS];
    ULONG length_of_filters;
};

static struct dialog *own(IFileOpenDialog *me)
{
    return (struct dialog *)me;
}

static IFileDialog *inner(IFileOpenDialog *me)
{
    return own(me)->inner;
}

static HRESULT STDMETHODCALLTYPE query(IFileOpenDialog *me, REFIID id, void **object)
{
    *object = NULL;
    if (IsEqualGUID(id, &IID_IUnknown) || IsEqualGUID(id, &IID_IModalWindow) || IsEqualGUID(id, &IID_IFileDialog)
        || IsEqualGUID(id, own(me)->saves ? &IID_IFileSaveDialog : &IID_IFileOpenDialog)) {
        InterlockedIncrement(&own(me)->references);
        *object = me;
        return S_OK;
    }
    /* A dialog of Wine's would be shown by it, and programs do without. */
    if (IsEqualGUID(id, &IID_IFileDialog2))
        return E_NOINTERFACE;
    return IFileDialog_QueryInterface(inner(me), id, object);
}

static ULONG STDMETHODCALLTYPE add(IFileOpenDialog *me)
{
    return InterlockedIncrement(&own(me)->references);
}

static ULONG STDMETHODCALLTYPE release(IFileOpenDialog *me)
{
    ULONG left = InterlockedDecrement(&own(me)->references);
    if (!left) {
        release_items(&own(me)->chosen);
        IFileDialog_Release(inner(me));
        HeapFree(GetProcessHeap(), 0, own(me));
    }
    return left;
}

static void keep(WCHAR *kept, int room, const WCHAR *text)
{
    kept[0] = 0;
    if (text)
        lstrcpynW(kept, text, room);
}

static void keep_folder(struct dialog *self, IShellItem *folder)
{
    WCHAR *path = path_of(folder);
    if (path)
        keep(self->folder, ARRAYSIZE(self->folder), path);
    free_task_memory(path);
}

static HRESULT STDMETHODCALLTYPE show(IFileOpenDialog *me, HWND owner)
{
    struct dialog *self = own(me);
    FILEOPENDIALOGOPTIONS options = 0;
    ULONG length;
    IFileDialog_GetOptions(self->inner, &options);
    struct wish wish = {
        .kind = options & FOS_PICKFOLDERS      ? L"folder"
                : self->saves                  ? L"save"
                : options & FOS_ALLOWMULTISELECT ? L"several"
                                               : L"open",
        .title = text_of(self->title),
        .filters = { self->filters, self->length_of_filters },
        .folder = text_of(self->folder),
        .name = text_of(self->name),
        .extension = text_of(self->extension),
    };
    WCHAR *names = choose(&wish, owner, &length);
    release_items(&self->chosen);
    BOOL given = names && make_items(names, length, &self->chosen);
    if (given) {
        keep(self->name, ARRAYSIZE(self->name), last_name(names));
        IFileDialog_SetFileName(self->inner, last_name(names));
    }
    if (names)
        HeapFree(GetProcessHeap(), 0, names);
    return given ? S_OK : HRESULT_FROM_WIN32(ERROR_CANCELLED);
}

static HRESULT STDMETHODCALLTYPE set_types(IFileOpenDialog *me, UINT count, const COMDLG_FILTERSPEC *types)
{
    struct dialog *self = own(me);
    ULONG length = 0;
    for (UINT at = 0; types && at < count; at++) {
        ULONG name = types[at].pszName ? lstrlenW(types[at].pszName) + 1 : 0;
        ULONG spec = types[at].pszSpec ? lstrlenW(types[at].pszSpec) + 1 : 0;
        if (!name || !spec || name + spec > MOST_FILTERS - length)
            continue;
        CopyMemory(self->filters + length, types[at].pszName, name * sizeof(WCHAR));
        CopyMemory(self->filters + length + name, types[at].pszSpec, spec * sizeof(WCHAR));
        length += name + spec;
    }
    self->length_of_filters = length;
    return IFileDialog_SetFileTypes(inner(me), count, types);
}

static HRESULT STDMETHODCALLTYPE set_type(IFileOpenDialog *me, UINT type)
{
    return IFileDialog_SetFileTypeIndex(inner(me), type);
}

static HRESULT STDMETHODCALLTYPE get_type(IFileOpenDialog *me, UINT *type)
{
    return IFileDialog_GetFileTypeIndex(inner(me), type);
}

static HRESULT STDMETHODCALLTYPE advise(IFileOpenDialog *me, IFileDialogEvents *events, DWORD *cookie)
{
    return IFileDialog_Advise(inner(me), events, cookie);
}

static HRESULT STDMETHODCALLTYPE unadvise(IFileOpenDialog *me, DWORD cookie)
{
    return IFileDialog_Unadvise(inner(me), cookie);
}

static HRESULT STDMETHODCALLTYPE set_options(IFileOpenDialog *me, FILEOPENDIALOGOPTIONS options)
{
    return IFileDialog_SetOptions(inner(me), options);
}

static HRESULT STDMETHODCALLTYPE get_options(IFileOpenDialog *me, FILEOPENDIALOGOPTIONS *options)
{
    return IFileDialog_GetOptions(inner(me), options);
}

static HRESULT STDMETHODCALLTYPE set_default_folder(IFileOpenDialog *me, IShellItem *folder)
{
    if (!own(me)->folder[0])
        keep_folder(own(me), folder);
    return IFileDialog_SetDefaultFolder(inner(me), folder);
}

static HRESULT STDMETHODCALLTYPE set_folder(IFileOpenDialog *me, IShellItem *folder)
{
    keep_folder(own(me), folder);
    return IFileDialog_SetFolder(inner(me), folder);
}

static HRESULT STDMETHODCALLTYPE get_folder(IFileOpenDialog *me, IShellItem **folder)
{
    return IFileDialog_GetFolder(inner(me), folder);
}

static HRESULT STDMETHODCALLTYPE set_name(IFileOpenDialog *me, const WCHAR *name)
{
    keep(own(me)->name, ARRAYSIZE(own(me)->name), name);
    return IFileDialog_SetFileName(inner(me), name);
}

static HRESULT STDMETHODCALLTYPE get_name(IFileOpenDialog *me, WCHAR **name)
{
    return IFileDialog_GetFileName(inner(me), name);
}

static HRESULT STDMETHODCALLTYPE set_title(IFileOpenDialog *me, const WCHAR *title)
{
    keep(own(me)->title, ARRAYSIZE(own(me)->title), title);
    return IFileDialog_SetTitle(inner(me), title);
}

static HRESULT STDMETHODCALLTYPE set_ok_label(IFileOpenDialog *me, const WCHAR *text)
{
    return IFileDialog_SetOkButtonLabel(inner(me), text);
}

static HRESULT STDMETHODCALLTYPE set_name_label(IFileOpenDialog *me, const WCHAR *text)
{
    return IFileDialog_SetFileNameLabel(inner(me), text);
}

static HRESULT STDMETHODCALLTYPE get_result(IFileOpenDialog *me, IShellItem **item)
{
    if (!item)
        return E_POINTER;
    *item = own(me)->chosen.first;
    if (!*item)
        return E_UNEXPECTED;
    IShellItem_AddRef(*item);
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE get_results(IFileOpenDialog *me, IShellItemArray **items)
{
    if (!items)
        return E_POINTER;
    *items = own(me)->chosen.all;
    if (!*items)
        return E_UNEXPECTED;
    IShellItemArray_AddRef(*items);
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE add_place(IFileOpenDialog *me, IShellItem *place, FDAP where)
{
    return IFileDialog_AddPlace(inner(me), place, where);
}

static HRESULT STDMETHODCALLTYPE set_extension(IFileOpenDialog *me, const WCHAR *extension)
{
    keep(own(me)->extension, ARRAYSIZE(own(me)->extension), extension);
    return IFileDialog_SetDefaultExtension(inner(me), extension);
}

static HRESULT STDMETHODCALLTYPE close_dialog(IFileOpenDialog *me, HRESULT result)
{
    return IFileDialog_Close(inner(me), result);
}

static HRESULT STDMETHODCALLTYPE set_client(IFileOpenDialog *me, REFGUID client)
{
    return IFileDialog_SetClientGuid(inner(me), client);
}

static HRESULT STDMETHODCALLTYPE clear_client(IFileOpenDialog *me)
{
    return IFileDialog_ClearClientData(inner(me));
}

static HRESULT STDMETHODCALLTYPE set_filter(IFileOpenDialog *me, IShellItemFilter *filter)
{
    return IFileDialog_SetFilter(inner(me), filter);
}

static struct dialog *saving(IFileSaveDialog *me)
{
    return (struct dialog *)me;
}

static HRESULT STDMETHODCALLTYPE save_as(IFileSaveDialog *me, IShellItem *item)
{
    WCHAR *path = path_of(item);
    if (path) {
        const WCHAR *name = last_name(path);
        keep(saving(me)->name, ARRAYSIZE(saving(me)->name), name);
        lstrcpynW(saving(me)->folder, path, min(name - path + 1, (int)ARRAYSIZE(saving(me)->folder)));
    }
    free_task_memory(path);
    return IFileSaveDialog_SetSaveAsItem((IFileSaveDialog *)saving(me)->inner, item);
}

static HRESULT STDMETHODCALLTYPE set_properties(IFileSaveDialog *me, IPropertyStore *store)
{
    return IFileSaveDialog_SetProperties((IFileSaveDialog *)saving(me)->inner, store);
}

static HRESULT STDMETHODCALLTYPE collect(IFileSaveDialog *me, IPropertyDescriptionList *list, BOOL append)
{
    return IFileSaveDialog_SetCollectedProperties((IFileSaveDialog *)saving(me)->inner, list, append);
}

static HRESULT STDMETHODCALLTYPE get_properties(IFileSaveDialog *me, IPropertyStore **store)
{
    return IFileSaveDialog_GetProperties((IFileSaveDialog *)saving(me)->inner, store);
}

static HRESULT STDMETHODCALLTYPE apply(IFileSaveDialog *me, IShellItem *item, IPropertyStore *store, HWND window,
                                       IFileOperationProgressSink *sink)
{
    return IFileSaveDialog_ApplyProperties((IFileSaveDialog *)saving(me)->inner, item, store, window, sink);
}

/* A save dialog's table begins as an open dialog's does. */
struct save_table {
    void *common[offsetof(IFileOpenDialogVtbl, GetResults) / sizeof(void *)];
    void *own[5];
};

#define COMMON                                                                                                             \
    query, add, release, show, set_types, set_type, get_type, advise, unadvise, set_options, get_options,                  \
        set_default_folder, set_folder, get_folder, get_result, set_name, get_name, set_title, set_ok_label,                \
        set_name_label, get_result, add_place, set_extension, close_dialog, set_client, clear_client, set_filter

HRESULT wrap(IFileDialog *wines, BOOL saves, REFIID id, void **wrapped)
{
    static const IFileOpenDialogVtbl open_table = { COMMON, get_results, get_results };
    static const struct save_table save_table = {
        { COMMON },
        { save_as, set_properties, collect, get_properties, apply },
    };
    struct dialog *self = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, sizeof *self);
    if (!self) {
        IFileDialog_Release(wines);
        return E_OUTOFMEMORY;
    }
    self->table = saves ? (const IFileOpenDialogVtbl *)&save_table : &open_table;
    self->references = 1;
    self->saves = saves;
    self->inner = wines;
    HRESULT found = query((IFileOpenDialog *)self, id, wrapped);
    release((IFileOpenDialog *)self);
    return found;
}
