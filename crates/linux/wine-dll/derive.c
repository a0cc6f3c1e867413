/* SIDs that are computed from names, for any name: crates/security/src/derive.rs has the rules and where they come from. */
#include "answers.h"
#include <bcrypt.h>
#include <winternl.h>

NTSYSAPI NTSTATUS NTAPI RtlAllocateAndInitializeSid(SID_IDENTIFIER_AUTHORITY *, BYTE, DWORD, DWORD, DWORD, DWORD, DWORD, DWORD, DWORD, DWORD, PSID *);
NTSYSAPI NTSTATUS NTAPI RtlUpcaseUnicodeString(UNICODE_STRING *, const UNICODE_STRING *, BOOLEAN);
NTSYSAPI NTSTATUS NTAPI RtlDowncaseUnicodeString(UNICODE_STRING *, const UNICODE_STRING *, BOOLEAN);

#define WORDS 8
#define CAPABILITY_BASE 3
#define CAPABILITY_OF_AN_APP 1024
#define CAPABILITY_OF_A_SILO 65536
#define SILO L"isolatedWin32-"
/* A container's name (CreateAppContainerProfile). */
#define MAX_NAME 64

static const WCHAR *const SHORT_CAPABILITIES[] = {
    L"internetClient", L"internetClientServer", L"privateNetworkClientServer", L"picturesLibrary",
    L"videosLibrary", L"musicLibrary", L"documentsLibrary", L"enterpriseAuthentication",
    L"sharedUserCertificates", L"removableStorage", L"appointments", L"contacts",
};

static const struct {
    const WCHAR *name;
    GUID interface_class;
} DEVICES[] = {
    { L"microphone", { 0x2eef81be, 0x33fa, 0x4800, { 0x96, 0x70, 0x1c, 0xd4, 0x74, 0x97, 0x2c, 0x3f } } },
    { L"webcam", { 0xe5323777, 0xf976, 0x4f5b, { 0x9b, 0x55, 0xb9, 0x46, 0x99, 0xc4, 0x6e, 0x44 } } },
    { L"location", { 0xbfa794e4, 0xf964, 0x4fdb, { 0x90, 0xf6, 0x51, 0x05, 0x6b, 0xfe, 0x4b, 0x44 } } },
};

typedef NTSTATUS WINAPI open_provider(BCRYPT_ALG_HANDLE *, const WCHAR *, const WCHAR *, ULONG);
typedef NTSTATUS WINAPI hash_bytes(BCRYPT_ALG_HANDLE, UCHAR *, ULONG, UCHAR *, ULONG, UCHAR *, ULONG);
typedef NTSTATUS WINAPI close_provider(BCRYPT_ALG_HANDLE, ULONG);

/* SHA-256 of UTF-16, as words. Few programs ask, so the library is loaded for those that do. */
static BOOL hash(const UNICODE_STRING *text, DWORD words[WORDS])
{
    HMODULE library = LoadLibraryW(L"bcrypt.dll");
    if (!library)
        return FALSE;
    open_provider *open = (open_provider *)(void *)GetProcAddress(library, "BCryptOpenAlgorithmProvider");
    hash_bytes *all_at_once = (hash_bytes *)(void *)GetProcAddress(library, "BCryptHash");
    close_provider *close = (close_provider *)(void *)GetProcAddress(library, "BCryptCloseAlgorithmProvider");
    BCRYPT_ALG_HANDLE provider;
    BOOL done = FALSE;
    if (open && all_at_once && close && open(&provider, BCRYPT_SHA256_ALGORITHM, NULL, 0) == 0) {
        done = all_at_once(provider, NULL, 0, (UCHAR *)text->Buffer, text->Length, (UCHAR *)words, WORDS * sizeof(DWORD)) == 0;
        close(provider, 0);
    }
    FreeLibrary(library);
    return done;
}

/* The hash of a name whose case does not matter. */
static BOOL hash_name(const WCHAR *name, BOOL upper, DWORD words[WORDS])
{
    UNICODE_STRING as_it_is, folded;
    RtlInitUnicodeString(&as_it_is, name);
    NTSTATUS status = upper ? RtlUpcaseUnicodeString(&folded, &as_it_is, TRUE) : RtlDowncaseUnicodeString(&folded, &as_it_is, TRUE);
    if (status != 0)
        return FALSE;
    BOOL done = hash(&folded, words);
    RtlFreeUnicodeString(&folded);
    return done;
}

static BOOL same(const WCHAR *one, const WCHAR *other, int length)
{
    return CompareStringOrdinal(one, length, other, length, TRUE) == CSTR_EQUAL;
}

/* A SID in memory of LocalAlloc: these numbers, then those words. */
static PSID make(BYTE authority, const DWORD *head, ULONG in_head, const DWORD *words, ULONG in_words)
{
    SID *sid = LocalAlloc(LMEM_FIXED, FIELD_OFFSET(SID, SubAuthority) + (in_head + in_words) * sizeof(DWORD));
    if (!sid)
        return NULL;
    sid->Revision = SID_REVISION;
    sid->SubAuthorityCount = in_head + in_words;
    sid->IdentifierAuthority = (SID_IDENTIFIER_AUTHORITY){ { 0, 0, 0, 0, 0, authority } };
    CopyMemory(sid->SubAuthority, head, in_head * sizeof(DWORD));
    if (in_words)
        CopyMemory(sid->SubAuthority + in_head, words, in_words * sizeof(DWORD));
    return sid;
}

static PSID capability(const WCHAR *name, const DWORD words[WORDS])
{
    DWORD head[2] = { CAPABILITY_BASE };
    for (ULONG at = 0; at < ARRAYSIZE(SHORT_CAPABILITIES); at++) {
        head[1] = at + 1;
        if (same(name, SHORT_CAPABILITIES[at], -1))
            return make(15, head, 2, NULL, 0);
    }
    for (ULONG at = 0; at < ARRAYSIZE(DEVICES); at++)
        if (same(name, DEVICES[at].name, -1))
            return make(15, head, 1, (const DWORD *)&DEVICES[at].interface_class, sizeof(GUID) / sizeof(DWORD));
    ULONG length = ARRAYSIZE(SILO) - 1;
    BOOL of_a_silo = lstrlenW(name) >= (int)length && same(name, SILO, length);
    head[1] = of_a_silo ? CAPABILITY_OF_A_SILO : CAPABILITY_OF_AN_APP;
    return make(15, head, 2, words, WORDS);
}

/* An array of one, as the caller frees it. */
static PSID *array(PSID sid)
{
    PSID *one = sid ? LocalAlloc(LMEM_FIXED, sizeof sid) : NULL;
    if (one)
        *one = sid;
    return one;
}

BOOL WINAPI told_DeriveCapabilitySidsFromName(const WCHAR *name, PSID **groups, DWORD *group_count, PSID **sids, DWORD *sid_count)
{
    static const DWORD BUILTIN[] = { 32 };
    DWORD words[WORDS];
    if (!name || !*name || !groups || !group_count || !sids || !sid_count) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return FALSE;
    }
    if (!hash_name(name, TRUE, words)) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return FALSE;
    }
    *groups = array(make(5, BUILTIN, 1, words, WORDS));
    *sids = array(capability(name, words));
    *group_count = *sid_count = 1;
    if (*groups && *sids)
        return TRUE;
    SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    return FALSE;
}

HRESULT WINAPI told_DeriveAppContainerSidFromAppContainerName(const WCHAR *name, PSID *sid)
{
    DWORD words[WORDS];
    SID_IDENTIFIER_AUTHORITY packages = { { 0, 0, 0, 0, 0, 15 } };
    if (!name || !sid || !*name || lstrlenW(name) > MAX_NAME)
        return E_INVALIDARG;
    /* The caller frees it by FreeSid. */
    if (!hash_name(name, FALSE, words)
        || RtlAllocateAndInitializeSid(&packages, 8, 2, words[0], words[1], words[2], words[3], words[4], words[5], words[6], sid) != 0)
        return E_OUTOFMEMORY;
    return S_OK;
}
