/*
 * What a program is about to change or to make is told to lowbox first, where the user is asked: in the program's own process. Else the question
 * would come when Wine's server opens the file, and every program of the container would wait for its answer. (init/announced.rs)
 */
#include "requests.h"

/* So many units fit into a request. What is longer is asked about in the server. */
#define MAX_NAME 900

typedef HANDLE WINAPI create_file(const WCHAR *, DWORD, DWORD, SECURITY_ATTRIBUTES *, DWORD, DWORD, HANDLE);
typedef HANDLE WINAPI create_file_narrow(const char *, DWORD, DWORD, SECURITY_ATTRIBUTES *, DWORD, DWORD, HANDLE);
typedef BOOL WINAPI create_directory(const WCHAR *, SECURITY_ATTRIBUTES *);
typedef BOOL WINAPI create_directory_narrow(const char *, SECURITY_ATTRIBUTES *);

static void *wines(const char *name)
{
    HMODULE library = GetModuleHandleW(L"kernelbase.dll");
    return library ? (void *)GetProcAddress(library, name) : NULL;
}

static BOOL is_asked(void)
{
    struct answer answer;
    return find(ASKS, 0, &answer);
}

/* Drive C: is the container's own. */
static BOOL is_on_another_drive(const WCHAR *path)
{
    if (path[0] == '\\' && path[1] == '\\' && path[2] == '?' && path[3] == '\\')
        path += 4;
    return path[0] && path[1] == ':' && (path[0] | 0x20) != 'c';
}

static void announce(const WCHAR *kind, const WCHAR *name)
{
    WCHAR *whole = HeapAlloc(GetProcessHeap(), 0, (MAX_NAME + 1) * sizeof(WCHAR));
    WCHAR *path = new_request();
    DWORD length = whole ? GetFullPathNameW(name, MAX_NAME + 1, whole, NULL) : 0;
    if (path && length && length <= MAX_NAME && is_on_another_drive(whole)) {
        WCHAR *end = put_plain(put_plain(path, L"\\??\\unix\\.change\\"), kind);
        *put_text(end, (struct text){ whole, length }, MAX_NAME) = 0;
        request(path);
    } else if (path) {
        HeapFree(GetProcessHeap(), 0, path);
    }
    if (whole)
        HeapFree(GetProcessHeap(), 0, whole);
}

static void announce_narrow(const WCHAR *kind, const char *name)
{
    WCHAR *wide = HeapAlloc(GetProcessHeap(), 0, (MAX_NAME + 1) * sizeof(WCHAR));
    UINT page = AreFileApisANSI() ? CP_ACP : CP_OEMCP;
    if (wide && MultiByteToWideChar(page, 0, name, -1, wide, MAX_NAME + 1))
        announce(kind, wide);
    if (wide)
        HeapFree(GetProcessHeap(), 0, wide);
}

/* NULL for what changes nothing. */
static const WCHAR *kind_of(DWORD access, DWORD disposition)
{
    const DWORD writes = GENERIC_WRITE | GENERIC_ALL | FILE_WRITE_DATA | FILE_APPEND_DATA | MAXIMUM_ALLOWED;
    if (disposition == CREATE_NEW || disposition == CREATE_ALWAYS || disposition == OPEN_ALWAYS)
        return L"make";
    return disposition == TRUNCATE_EXISTING || access & writes ? L"open" : NULL;
}

HANDLE WINAPI told_CreateFileW(const WCHAR *name, DWORD access, DWORD sharing, SECURITY_ATTRIBUTES *security, DWORD disposition,
                               DWORD flags, HANDLE template)
{
    create_file *wines_own = wines("lowbox_was_CreateFileW");
    const WCHAR *kind = kind_of(access, disposition);
    if (name && kind && is_asked())
        announce(kind, name);
    return wines_own ? wines_own(name, access, sharing, security, disposition, flags, template) : INVALID_HANDLE_VALUE;
}

HANDLE WINAPI told_CreateFileA(const char *name, DWORD access, DWORD sharing, SECURITY_ATTRIBUTES *security, DWORD disposition,
                               DWORD flags, HANDLE template)
{
    create_file_narrow *wines_own = wines("lowbox_was_CreateFileA");
    const WCHAR *kind = kind_of(access, disposition);
    if (name && kind && is_asked())
        announce_narrow(kind, name);
    return wines_own ? wines_own(name, access, sharing, security, disposition, flags, template) : INVALID_HANDLE_VALUE;
}

BOOL WINAPI told_CreateDirectoryW(const WCHAR *name, SECURITY_ATTRIBUTES *security)
{
    create_directory *wines_own = wines("lowbox_was_CreateDirectoryW");
    if (name && is_asked())
        announce(L"folder", name);
    return wines_own ? wines_own(name, security) : FALSE;
}

BOOL WINAPI told_CreateDirectoryA(const char *name, SECURITY_ATTRIBUTES *security)
{
    create_directory_narrow *wines_own = wines("lowbox_was_CreateDirectoryA");
    if (name && is_asked())
        announce_narrow(L"folder", name);
    return wines_own ? wines_own(name, security) : FALSE;
}
