#include "requests.h"
#include <winternl.h>

NTSYSAPI NTSTATUS NTAPI NtQueryAttributesFile(OBJECT_ATTRIBUTES *, void *);

struct text text_of(const WCHAR *units)
{
    return (struct text){ units, units ? lstrlenW(units) : 0 };
}

WCHAR *new_request(void)
{
    return HeapAlloc(GetProcessHeap(), 0, MAX_REQUEST * sizeof(WCHAR));
}

WCHAR *put_plain(WCHAR *to, const WCHAR *text)
{
    while (*text)
        *to++ = *text++;
    return to;
}

WCHAR *put_number(WCHAR *to, ULONGLONG number, int digits)
{
    for (int at = digits - 1; at >= 0; at--, number >>= 4)
        to[at] = L"0123456789abcdef"[number & 15];
    return to + digits;
}

WCHAR *put_text(WCHAR *to, struct text text, ULONG most)
{
    ULONG length = text.length < most ? text.length : most;
    *to++ = '\\';
    if (!length)
        *to++ = '-';
    for (ULONG at = 0; at < length; at++)
        to = put_number(to, text.units[at], 4);
    return to;
}

void request(WCHAR *path)
{
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    BYTE nothing[64];
    RtlInitUnicodeString(&name, path);
    InitializeObjectAttributes(&attributes, &name, 0, NULL, NULL);
    NtQueryAttributesFile(&attributes, nothing);
    HeapFree(GetProcessHeap(), 0, path);
}
