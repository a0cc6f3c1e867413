/* GetOpenFileName and GetSaveFileName of comdlg32.dll. What a program adds to its dialog (a template, a hook) is not there. */
#include "choose.h"
#include <commdlg.h>

typedef BOOL WINAPI wines(void *);

/* The dialog that Wine has, which shows what the container has. */
static BOOL wines_own(const char *name, void *about)
{
    HMODULE library = GetModuleHandleW(L"comdlg32.dll");
    wines *function = library ? (wines *)(void *)GetProcAddress(library, name) : NULL;
    return function ? function(about) : FALSE;
}

static void *allocate(SIZE_T bytes)
{
    return HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, bytes);
}

static void release(const void *bytes)
{
    if (bytes)
        HeapFree(GetProcessHeap(), 0, (void *)bytes);
}

/* The one that is selected stands first. Those that don't fit are left out. */
static ULONG put_filters(const OPENFILENAMEW *about, WCHAR *to, ULONG room)
{
    ULONG length = 0, first = about->nFilterIndex ? about->nFilterIndex : 1;
    for (int selected = 1; selected >= 0; selected--) {
        ULONG number = 1;
        for (const WCHAR *pair = about->lpstrFilter; pair && *pair; number++) {
            ULONG both = lstrlenW(pair) + 1;
            both += lstrlenW(pair + both) + 1;
            if ((number == first) == selected && both <= room - length) {
                CopyMemory(to + length, pair, both * sizeof(WCHAR));
                length += both;
            }
            pair += both;
        }
    }
    return length;
}

/* All in the folder of the first: the folder, then the names, with an end each and one more. */
static ULONG as_list(WCHAR *names, ULONG length, WCHAR *to, ULONG room)
{
    ULONG folder = last_name(names) - names, written = 0;
    for (const WCHAR *name = names; name < names + length; name += lstrlenW(name) + 1) {
        const WCHAR *last = last_name(name);
        BOOL same = (ULONG)(last - name) == folder
                    && CompareStringOrdinal(name, folder, names, folder, TRUE) == CSTR_EQUAL;
        ULONG units = lstrlenW(last) + 1;
        if (!same)
            continue;
        if (!written) {
            /* `D:\` keeps its end. */
            ULONG shown = folder > 3 ? folder - 1 : folder;
            if (shown + 1 > room)
                return 0;
            CopyMemory(to, names, shown * sizeof(WCHAR));
            to[shown] = 0;
            written = shown + 1;
        }
        if (units + 1 > room - written)
            return 0;
        CopyMemory(to + written, last, units * sizeof(WCHAR));
        written += units;
    }
    to[written] = 0;
    return written + 1;
}

static BOOL take(OPENFILENAMEW *about, WCHAR *names, ULONG length)
{
    ULONG first = lstrlenW(names) + 1, needed = length + 1;
    const WCHAR *last = last_name(names);
    if (first < length && about->Flags & OFN_ALLOWMULTISELECT) {
        if (!as_list(names, length, about->lpstrFile, about->nMaxFile)) {
            about->lpstrFile[0] = needed < 0xffff ? needed : 0xffff;
            return FALSE;
        }
        about->nFileOffset = lstrlenW(about->lpstrFile) + 1;
        about->nFileExtension = 0;
    } else {
        if (first > about->nMaxFile) {
            about->lpstrFile[0] = first < 0xffff ? first : 0xffff;
            return FALSE;
        }
        CopyMemory(about->lpstrFile, names, first * sizeof(WCHAR));
        about->nFileOffset = last - names;
        about->nFileExtension = first - 1;
        for (ULONG at = first - 1; at > about->nFileOffset; at--)
            if (names[at] == '.') {
                about->nFileExtension = at + 1;
                break;
            }
        if (about->lpstrFileTitle && about->nMaxFileTitle > (ULONG)lstrlenW(last))
            lstrcpyW(about->lpstrFileTitle, last);
    }
    about->Flags &= ~(OFN_READONLY | OFN_EXTENSIONDIFFERENT);
    if (!(about->Flags & OFN_NOCHANGEDIR)) {
        WCHAR folder[MAX_PATH];
        if (last - names < MAX_PATH) {
            lstrcpynW(folder, names, last - names + 1);
            SetCurrentDirectoryW(folder);
        }
    }
    return TRUE;
}

static BOOL file_name(OPENFILENAMEW *about, BOOL save)
{
    WCHAR filters[400];
    const WCHAR *name = last_name(about->lpstrFile);
    BOOL several = !save && about->Flags & OFN_ALLOWMULTISELECT && about->Flags & OFN_EXPLORER;
    struct wish wish = {
        .kind = save ? L"save" : several ? L"several" : L"open",
        .title = text_of(about->lpstrTitle),
        .filters = { filters, put_filters(about, filters, ARRAYSIZE(filters)) },
        .folder = { about->lpstrFile, name - about->lpstrFile },
        .name = text_of(name),
        .extension = text_of(about->lpstrDefExt),
    };
    ULONG length;
    if (!wish.folder.length)
        wish.folder = text_of(about->lpstrInitialDir);
    WCHAR *names = choose(&wish, about->hwndOwner, &length);
    BOOL chosen = names && take(about, names, length);
    release(names);
    return chosen;
}

static BOOL is_whole(const OPENFILENAMEW *about)
{
    return about && about->lStructSize >= OPENFILENAME_SIZE_VERSION_400W && about->lpstrFile && about->nMaxFile;
}

BOOL WINAPI told_GetOpenFileNameW(OPENFILENAMEW *about)
{
    return is_whole(about) && may_choose() ? file_name(about, FALSE) : wines_own("lowbox_was_GetOpenFileNameW", about);
}

BOOL WINAPI told_GetSaveFileNameW(OPENFILENAMEW *about)
{
    return is_whole(about) && may_choose() ? file_name(about, TRUE) : wines_own("lowbox_was_GetSaveFileNameW", about);
}

/* With an end; a list of texts ends with an empty one. */
static WCHAR *widened(const char *text, BOOL is_list)
{
    int length = 0;
    if (!text)
        return NULL;
    do
        length += lstrlenA(text + length) + 1;
    while (is_list && text[length]);
    length += is_list;
    WCHAR *wide = allocate(length * sizeof(WCHAR));
    if (wide)
        MultiByteToWideChar(CP_ACP, 0, text, length, wide, length);
    return wide;
}

/* The units before `at` as the number of bytes that they come to. */
static WORD narrowed(const WCHAR *text, WORD at)
{
    return at ? WideCharToMultiByte(CP_ACP, 0, text, at, NULL, 0, NULL, NULL) : 0;
}

static BOOL give_back(OPENFILENAMEA *about, const OPENFILENAMEW *wide)
{
    int length = 0;
    BOOL is_list = wide->nFileOffset && !wide->lpstrFile[wide->nFileOffset - 1];
    do
        length += lstrlenW(wide->lpstrFile + length) + 1;
    while (is_list && wide->lpstrFile[length]);
    length += is_list;
    if (!WideCharToMultiByte(CP_ACP, 0, wide->lpstrFile, length, about->lpstrFile, about->nMaxFile, NULL, NULL))
        return FALSE;
    about->nFileOffset = narrowed(wide->lpstrFile, wide->nFileOffset);
    about->nFileExtension = narrowed(wide->lpstrFile, wide->nFileExtension);
    about->Flags = wide->Flags;
    const char *last = about->lpstrFile + about->nFileOffset;
    if (!is_list && about->lpstrFileTitle && about->nMaxFileTitle > (ULONG)lstrlenA(last))
        lstrcpyA(about->lpstrFileTitle, last);
    return TRUE;
}

static BOOL narrow_file_name(OPENFILENAMEA *about, BOOL save)
{
    OPENFILENAMEW wide = {
        .lStructSize = sizeof wide,
        .hwndOwner = about->hwndOwner,
        .lpstrFilter = widened(about->lpstrFilter, TRUE),
        .nFilterIndex = about->nFilterIndex,
        .lpstrFile = allocate(((SIZE_T)about->nMaxFile + 1) * sizeof(WCHAR)),
        .nMaxFile = about->nMaxFile,
        .lpstrInitialDir = widened(about->lpstrInitialDir, FALSE),
        .lpstrTitle = widened(about->lpstrTitle, FALSE),
        .Flags = about->Flags,
        .lpstrDefExt = widened(about->lpstrDefExt, FALSE),
    };
    BOOL chosen = FALSE;
    if (wide.lpstrFile) {
        MultiByteToWideChar(CP_ACP, 0, about->lpstrFile, -1, wide.lpstrFile, about->nMaxFile);
        chosen = file_name(&wide, save) && give_back(about, &wide);
    }
    release(wide.lpstrFilter);
    release(wide.lpstrFile);
    release(wide.lpstrInitialDir);
    release(wide.lpstrTitle);
    release(wide.lpstrDefExt);
    return chosen;
}

static BOOL is_whole_narrow(const OPENFILENAMEA *about)
{
    return about && about->lStructSize >= OPENFILENAME_SIZE_VERSION_400A && about->lpstrFile && about->nMaxFile;
}

BOOL WINAPI told_GetOpenFileNameA(OPENFILENAMEA *about)
{
    BOOL here = is_whole_narrow(about) && may_choose();
    return here ? narrow_file_name(about, FALSE) : wines_own("lowbox_was_GetOpenFileNameA", about);
}

BOOL WINAPI told_GetSaveFileNameA(OPENFILENAMEA *about)
{
    BOOL here = is_whole_narrow(about) && may_choose();
    return here ? narrow_file_name(about, TRUE) : wines_own("lowbox_was_GetSaveFileNameA", about);
}
