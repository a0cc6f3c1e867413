/* Where the container has its own: folder and named objects. */
#include "answers.h"
#include <winternl.h>

NTSYSAPI BOOLEAN NTAPI RtlValidSid(PSID);
NTSYSAPI UCHAR *NTAPI RtlSubAuthorityCountSid(PSID);
NTSYSAPI NTSTATUS NTAPI RtlConvertSidToUnicodeString(UNICODE_STRING *, PSID, BOOLEAN);

#define OBJECTS L"AppContainerNamedObjects\\"
/* Sub-authorities of a package's SID: S-1-15-2 and seven words. */
#define OF_A_PACKAGE 8

typedef void *WINAPI task_alloc(SIZE_T);

static BOOL is_own(const WCHAR *sid)
{
    struct answer own;
    UNICODE_STRING text, asked;
    if (!find(PACKAGE_SID, 0, &own) || RtlConvertSidToUnicodeString(&text, (PSID)own.bytes, TRUE) != 0)
        return FALSE;
    RtlInitUnicodeString(&asked, sid);
    BOOL same = text.Length == asked.Length
                && CompareStringOrdinal(text.Buffer, text.Length / sizeof(WCHAR), asked.Buffer, asked.Length / sizeof(WCHAR), TRUE)
                       == CSTR_EQUAL;
    RtlFreeUnicodeString(&text);
    return same;
}

HRESULT WINAPI told_GetAppContainerFolderPath(const WCHAR *sid, WCHAR **path)
{
    struct answer folder;
    if (!sid || !path)
        return E_INVALIDARG;
    *path = NULL;
    if (!is_own(sid) || !find(CONTAINER_FOLDER, 0, &folder))
        return HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND);
    /* The caller frees it by CoTaskMemFree. Few programs ask, and the library is large. */
    HMODULE library = LoadLibraryW(L"ole32.dll");
    task_alloc *alloc = library ? (task_alloc *)(void *)GetProcAddress(library, "CoTaskMemAlloc") : NULL;
    WCHAR *copy = alloc ? alloc(folder.length + sizeof(WCHAR)) : NULL;
    if (!copy)
        return E_OUTOFMEMORY;
    CopyMemory(copy, folder.bytes, folder.length);
    copy[folder.length / sizeof(WCHAR)] = 0;
    *path = copy;
    return S_OK;
}

/* The name alone: Wine keeps what the container's programs name in the session's own folder, which nobody shares with them. */
BOOL WINAPI told_GetAppContainerNamedObjectPath(HANDLE token, PSID sid, ULONG length, WCHAR *path, ULONG *needed)
{
    struct answer own;
    UNICODE_STRING text;
    if (token && !can_be_asked(token))
        return FALSE;
    if (!sid && find(PACKAGE_SID, 0, &own))
        sid = (PSID)own.bytes;
    if (!needed || !sid || !RtlValidSid(sid) || *RtlSubAuthorityCountSid(sid) != OF_A_PACKAGE) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return FALSE;
    }
    if (RtlConvertSidToUnicodeString(&text, sid, TRUE) != 0) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return FALSE;
    }
    ULONG characters = text.Length / sizeof(WCHAR), before = ARRAYSIZE(OBJECTS) - 1;
    BOOL fits = path && length > before + characters;
    *needed = before + characters + 1;
    if (fits) {
        CopyMemory(path, OBJECTS, before * sizeof(WCHAR));
        CopyMemory(path + before, text.Buffer, characters * sizeof(WCHAR));
        path[before + characters] = 0;
    }
    RtlFreeUnicodeString(&text);
    if (!fits)
        SetLastError(ERROR_INSUFFICIENT_BUFFER);
    return fits;
}
