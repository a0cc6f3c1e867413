/*
 * A request is the name of something that is nowhere, which lowbox reads as Wine looks for it (broker/choosing/request.rs): a number, then what
 * is wanted. The look takes until the user has chosen. What came of it stands under that number, and nothing does if it was nothing.
 */
#include "choose.h"
#include <winternl.h>

NTSYSAPI NTSTATUS NTAPI NtQueryAttributesFile(OBJECT_ATTRIBUTES *, void *);

#define FOLDER L"\\??\\unix\\.choose\\"
#define DIGITS 16
/* Linux has 4095 bytes for a path. Each unit takes four of them. */
#define MAX_PATH_OF_REQUEST 4000
#define MAX_TITLE 80
#define MAX_FILTERS 400
#define MAX_FOLDER 260
#define MAX_NAME 100
#define MAX_EXTENSION 16

typedef DWORD WINAPI msg_wait(DWORD, const HANDLE *, BOOL, DWORD, DWORD);
typedef BOOL WINAPI peek_message(MSG *, HWND, UINT, UINT, UINT);
typedef BOOL WINAPI translate_message(const MSG *);
typedef LRESULT WINAPI dispatch_message(const MSG *);
typedef BOOL WINAPI enable_window(HWND, BOOL);
typedef void WINAPI post_quit_message(int);

struct text text_of(const WCHAR *units)
{
    return (struct text){ units, units ? lstrlenW(units) : 0 };
}

const WCHAR *last_name(const WCHAR *path)
{
    const WCHAR *name = path;
    for (; *path; path++)
        if (*path == '\\' || *path == '/' || *path == ':')
            name = path + 1;
    return name;
}

BOOL may_choose(void)
{
    struct answer answer;
    return find(CHOOSES, 0, &answer);
}

static WCHAR *put_number(WCHAR *to, ULONGLONG number, int digits)
{
    for (int at = digits - 1; at >= 0; at--, number >>= 4)
        to[at] = L"0123456789abcdef"[number & 15];
    return to + digits;
}

static WCHAR *put_text(WCHAR *to, struct text text, ULONG most)
{
    ULONG length = text.length < most ? text.length : most;
    *to++ = '\\';
    if (!length)
        *to++ = '-';
    for (ULONG at = 0; at < length; at++)
        to = put_number(to, text.units[at], 4);
    return to;
}

static WCHAR *put_plain(WCHAR *to, const WCHAR *text)
{
    while (*text)
        *to++ = *text++;
    return to;
}

/* Another one for each request of the container's, as far as the clock tells. */
static ULONGLONG new_number(void)
{
    static LONG count;
    LARGE_INTEGER now;
    QueryPerformanceCounter(&now);
    return (ULONGLONG)GetCurrentProcessId() << 40 ^ (ULONGLONG)InterlockedIncrement(&count) << 32 ^ (ULONG)now.QuadPart;
}

/* Owns the path. */
static DWORD WINAPI look(void *path)
{
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    BYTE nothing[64];
    RtlInitUnicodeString(&name, path);
    InitializeObjectAttributes(&attributes, &name, 0, NULL, NULL);
    NtQueryAttributesFile(&attributes, nothing);
    HeapFree(GetProcessHeap(), 0, path);
    return 0;
}

/* Until the thread has ended; FALSE if the program is to end before. */
static BOOL wait_with_messages(HANDLE thread, HMODULE user)
{
    msg_wait *wait = (msg_wait *)(void *)GetProcAddress(user, "MsgWaitForMultipleObjects");
    peek_message *peek = (peek_message *)(void *)GetProcAddress(user, "PeekMessageW");
    translate_message *translate = (translate_message *)(void *)GetProcAddress(user, "TranslateMessage");
    dispatch_message *dispatch = (dispatch_message *)(void *)GetProcAddress(user, "DispatchMessageW");
    post_quit_message *quit = (post_quit_message *)(void *)GetProcAddress(user, "PostQuitMessage");
    if (!wait || !peek || !translate || !dispatch || !quit)
        return WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0;
    for (;;) {
        MSG message;
        DWORD woken = wait(1, &thread, FALSE, INFINITE, QS_ALLINPUT);
        if (woken != WAIT_OBJECT_0 + 1)
            return woken == WAIT_OBJECT_0;
        while (peek(&message, NULL, 0, 0, PM_REMOVE)) {
            if (message.message == WM_QUIT) {
                quit(message.wParam);
                return FALSE;
            }
            translate(&message);
            dispatch(&message);
        }
    }
}

static BOOL wait_for(HANDLE thread, HWND owner)
{
    HMODULE user = GetModuleHandleW(L"user32.dll");
    enable_window *enable = user ? (enable_window *)(void *)GetProcAddress(user, "EnableWindow") : NULL;
    if (!enable)
        return WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0;
    BOOL was_enabled = owner && !enable(owner, FALSE);
    BOOL ended = wait_with_messages(thread, user);
    if (was_enabled)
        enable(owner, TRUE);
    return ended;
}

WCHAR *choose(const struct wish *wish, HWND owner, ULONG *length)
{
    WCHAR answer[ARRAYSIZE(FOLDER) + DIGITS];
    WCHAR *path = HeapAlloc(GetProcessHeap(), 0, MAX_PATH_OF_REQUEST * sizeof(WCHAR));
    if (!path)
        return NULL;
    WCHAR *end = put_number(put_plain(path, FOLDER), new_number(), DIGITS);
    CopyMemory(answer, path, (end - path) * sizeof(WCHAR));
    answer[end - path] = 0;
    *end++ = '\\';
    end = put_plain(end, wish->kind);
    end = put_text(end, wish->title, MAX_TITLE);
    end = put_text(end, wish->filters, MAX_FILTERS);
    end = put_text(end, wish->folder, MAX_FOLDER);
    end = put_text(end, wish->name, MAX_NAME);
    end = put_text(end, wish->extension, MAX_EXTENSION);
    *end = 0;
    HANDLE thread = CreateThread(NULL, 0, look, path, 0, NULL);
    if (!thread) {
        HeapFree(GetProcessHeap(), 0, path);
        return NULL;
    }
    BOOL ended = wait_for(thread, owner);
    CloseHandle(thread);
    ULONG bytes;
    WCHAR *names = ended ? (WCHAR *)read_whole(answer, &bytes) : NULL;
    if (!names)
        return NULL;
    *length = bytes / sizeof(WCHAR);
    /* lowbox writes no other. */
    if (*length && !names[*length - 1])
        return names;
    HeapFree(GetProcessHeap(), 0, names);
    return NULL;
}
