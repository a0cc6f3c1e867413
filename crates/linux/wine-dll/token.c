/* Questions about tokens. Every token of the container is one of the same AppContainer. */
#include "answers.h"

NTSYSAPI BOOLEAN NTAPI RtlEqualSid(PSID, PSID);
NTSYSAPI BOOLEAN NTAPI RtlValidSid(PSID);

/* What Wine's own function is called in the kernelbase.dll that forwards here. */
#define WINES "lowbox_was_GetTokenInformation"
/* SECURITY_MANDATORY_LOW_RID */
#define LOW 0x1000
/* Which AppContainer of the session it is; 0 is none. There is one. */
#define NUMBER 1
/* Of TOKEN_INFORMATION_CLASS, not in every header. */
#define LESS_PRIVILEGED_CONTAINER ((TOKEN_INFORMATION_CLASS)46)

typedef BOOL WINAPI token_information(HANDLE, TOKEN_INFORMATION_CLASS, void *, DWORD, DWORD *);

BOOL wines_token_information(HANDLE token, TOKEN_INFORMATION_CLASS about, void *buffer, DWORD length, DWORD *needed)
{
    token_information *own = (token_information *)(void *)GetProcAddress(GetModuleHandleW(L"kernelbase.dll"), WINES);
    if (own)
        return own(token, about, buffer, length, needed);
    SetLastError(ERROR_CALL_NOT_IMPLEMENTED);
    return FALSE;
}

BOOL can_be_asked(HANDLE token)
{
    TOKEN_STATISTICS statistics;
    DWORD length;
    return wines_token_information(token, TokenStatistics, &statistics, sizeof statistics, &length);
}

/* Whether an answer of so many bytes fits; says how many it takes. */
static BOOL fits(ULONG size, const void *buffer, DWORD length, DWORD *needed)
{
    if (needed)
        *needed = size;
    if (buffer && length >= size)
        return TRUE;
    SetLastError(ERROR_INSUFFICIENT_BUFFER);
    return FALSE;
}

static BOOL number(DWORD value, void *buffer, DWORD length, DWORD *needed)
{
    if (!fits(sizeof value, buffer, length, needed))
        return FALSE;
    *(DWORD *)buffer = value;
    return TRUE;
}

static BOOL integrity(void *buffer, DWORD length, DWORD *needed)
{
    SID low = { SID_REVISION, 1, { SECURITY_MANDATORY_LABEL_AUTHORITY }, { LOW } };
    if (!fits(sizeof(TOKEN_MANDATORY_LABEL) + sizeof low, buffer, length, needed))
        return FALSE;
    TOKEN_MANDATORY_LABEL *label = buffer;
    label->Label.Attributes = SE_GROUP_INTEGRITY | SE_GROUP_INTEGRITY_ENABLED;
    label->Label.Sid = label + 1;
    CopyMemory(label + 1, &low, sizeof low);
    return TRUE;
}

static BOOL package(void *buffer, DWORD length, DWORD *needed)
{
    struct answer sid;
    find(PACKAGE_SID, 0, &sid);
    if (!fits(sizeof(TOKEN_APPCONTAINER_INFORMATION) + sid.length, buffer, length, needed))
        return FALSE;
    TOKEN_APPCONTAINER_INFORMATION *container = buffer;
    container->TokenAppContainer = container + 1;
    CopyMemory(container + 1, sid.bytes, sid.length);
    return TRUE;
}

static BOOL capabilities(void *buffer, DWORD length, DWORD *needed)
{
    struct answer sid;
    ULONG count = 0, size = FIELD_OFFSET(TOKEN_GROUPS, Groups);
    for (; find(CAPABILITY_SID, count, &sid); count++)
        size += sizeof(SID_AND_ATTRIBUTES) + sid.length;
    if (!fits(size, buffer, length, needed))
        return FALSE;
    TOKEN_GROUPS *groups = buffer;
    BYTE *end = (BYTE *)&groups->Groups[count];
    groups->GroupCount = count;
    for (ULONG at = 0; at < count && find(CAPABILITY_SID, at, &sid); at++) {
        CopyMemory(end, sid.bytes, sid.length);
        groups->Groups[at].Sid = end;
        groups->Groups[at].Attributes = SE_GROUP_ENABLED;
        end += sid.length;
    }
    return TRUE;
}

BOOL WINAPI told_GetTokenInformation(HANDLE token, TOKEN_INFORMATION_CLASS about, void *buffer, DWORD length, DWORD *needed)
{
    struct answer less;
    switch ((int)about) {
    case TokenIsAppContainer:
    case TokenAppContainerNumber:
    case TokenAppContainerSid:
    case TokenCapabilities:
    case TokenIntegrityLevel:
    case TokenElevation:
    case TokenElevationType:
    case LESS_PRIVILEGED_CONTAINER:
        if (is_told())
            break;
        /* fall through */
    default:
        return wines_token_information(token, about, buffer, length, needed);
    }
    if (!can_be_asked(token))
        return FALSE;
    switch ((int)about) {
    case TokenIsAppContainer:
        return number(TRUE, buffer, length, needed);
    case TokenAppContainerNumber:
        return number(NUMBER, buffer, length, needed);
    case TokenAppContainerSid:
        return package(buffer, length, needed);
    case TokenCapabilities:
        return capabilities(buffer, length, needed);
    case TokenIntegrityLevel:
        return integrity(buffer, length, needed);
    case TokenElevation:
        return number(FALSE, buffer, length, needed);
    case TokenElevationType:
        return number(TokenElevationTypeDefault, buffer, length, needed);
    default:
        return number(find(LESS_PRIVILEGED, 0, &less), buffer, length, needed);
    }
}

BOOL WINAPI told_CheckTokenCapability(HANDLE token, PSID capability, BOOL *has)
{
    struct answer sid;
    if (!has || !capability || !RtlValidSid(capability)) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return FALSE;
    }
    /* None is the caller's own. */
    if (token && !can_be_asked(token))
        return FALSE;
    *has = FALSE;
    for (ULONG at = 0; !*has && find(CAPABILITY_SID, at, &sid); at++)
        *has = RtlEqualSid((PSID)sid.bytes, capability);
    return TRUE;
}
