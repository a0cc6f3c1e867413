/* Where programs get their dialogs: the classes of comdlg32.dll. */
#include "dialogs.h"

typedef HRESULT WINAPI get_class_object(REFCLSID, REFIID, void **);

static HRESULT wines_class(REFCLSID class, REFIID id, void **object)
{
    HMODULE library = GetModuleHandleW(L"comdlg32.dll");
    get_class_object *get = library ? (get_class_object *)(void *)GetProcAddress(library, "lowbox_was_DllGetClassObject") : NULL;
    *object = NULL;
    return get ? get(class, id, object) : CLASS_E_CLASSNOTAVAILABLE;
}

static HRESULT STDMETHODCALLTYPE query(IClassFactory *self, REFIID id, void **object)
{
    BOOL is_one = IsEqualGUID(id, &IID_IUnknown) || IsEqualGUID(id, &IID_IClassFactory);
    *object = is_one ? self : NULL;
    return is_one ? S_OK : E_NOINTERFACE;
}

/* They stay as long as the library does, which is not unloaded. */
static ULONG STDMETHODCALLTYPE stay(IClassFactory *self)
{
    (void)self;
    return 2;
}

static HRESULT create(REFCLSID class, BOOL saves, IUnknown *outer, REFIID id, void **object)
{
    IClassFactory *wines;
    IFileDialog *inner;
    *object = NULL;
    if (outer)
        return CLASS_E_NOAGGREGATION;
    HRESULT made = wines_class(class, &IID_IClassFactory, (void **)&wines);
    if (FAILED(made))
        return made;
    REFIID kind = saves ? &IID_IFileSaveDialog : &IID_IFileOpenDialog;
    made = IClassFactory_CreateInstance(wines, NULL, kind, (void **)&inner);
    IClassFactory_Release(wines);
    return FAILED(made) ? made : wrap(inner, saves, id, object);
}

static HRESULT STDMETHODCALLTYPE create_open(IClassFactory *self, IUnknown *outer, REFIID id, void **object)
{
    (void)self;
    return create(&CLSID_FileOpenDialog, FALSE, outer, id, object);
}

static HRESULT STDMETHODCALLTYPE create_save(IClassFactory *self, IUnknown *outer, REFIID id, void **object)
{
    (void)self;
    return create(&CLSID_FileSaveDialog, TRUE, outer, id, object);
}

static HRESULT STDMETHODCALLTYPE hold(IClassFactory *self, BOOL held)
{
    (void)self, (void)held;
    return S_OK;
}

HRESULT WINAPI told_DllGetClassObject(REFCLSID class, REFIID id, void **object)
{
    static IClassFactoryVtbl open_table = { query, stay, stay, create_open, hold };
    static IClassFactoryVtbl save_table = { query, stay, stay, create_save, hold };
    static IClassFactory open = { &open_table }, save = { &save_table };
    if (may_choose() && IsEqualGUID(class, &CLSID_FileOpenDialog))
        return query(&open, id, object);
    if (may_choose() && IsEqualGUID(class, &CLSID_FileSaveDialog))
        return query(&save, id, object);
    return wines_class(class, id, object);
}
