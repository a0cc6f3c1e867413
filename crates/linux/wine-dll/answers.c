/* The file of answers: read once, when something is asked for the first time. */
#include "answers.h"
#include <winternl.h>

NTSYSAPI NTSTATUS NTAPI NtReadFile(HANDLE, HANDLE, PIO_APC_ROUTINE, void *, IO_STATUS_BLOCK *, void *, ULONG, LARGE_INTEGER *, ULONG *);

/* Beside the drives, where Wine looks for what has no drive's name (launch/view/prefix.rs puts it there). */
#define FILE_OF_ANSWERS L"\\??\\lowbox"
/* No launch writes as much. */
#define MAX_BYTES (1 << 20)
/* What it is about, and how many bytes follow: 16 bits each. */
#define HEAD 4

static SRWLOCK lock = SRWLOCK_INIT;
static BOOL is_read;
static BYTE *all;
static ULONG length_of_all;

static BYTE *read_file(HANDLE file, ULONG *length)
{
    IO_STATUS_BLOCK status;
    FILE_STANDARD_INFORMATION found;
    LARGE_INTEGER start = { 0 };
    if (NtQueryInformationFile(file, &status, &found, sizeof found, FileStandardInformation) != 0
        || found.EndOfFile.QuadPart <= 0 || found.EndOfFile.QuadPart > MAX_BYTES)
        return NULL;
    BYTE *bytes = HeapAlloc(GetProcessHeap(), 0, found.EndOfFile.QuadPart);
    if (!bytes)
        return NULL;
    if (NtReadFile(file, NULL, NULL, NULL, &status, bytes, found.EndOfFile.QuadPart, &start, NULL) != 0) {
        HeapFree(GetProcessHeap(), 0, bytes);
        return NULL;
    }
    *length = status.Information;
    return bytes;
}

BYTE *read_whole(const WCHAR *path, ULONG *length)
{
    UNICODE_STRING name;
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK status;
    HANDLE file;
    RtlInitUnicodeString(&name, path);
    InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    if (NtOpenFile(&file, GENERIC_READ | SYNCHRONIZE, &attributes, &status, FILE_SHARE_READ,
                   FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE) != 0)
        return NULL;
    BYTE *bytes = read_file(file, length);
    NtClose(file);
    return bytes;
}

static void read_once(void)
{
    AcquireSRWLockExclusive(&lock);
    if (!is_read) {
        all = read_whole(FILE_OF_ANSWERS, &length_of_all);
        is_read = TRUE;
    }
    ReleaseSRWLockExclusive(&lock);
}

BOOL find(enum about about, ULONG at, struct answer *found)
{
    read_once();
    for (ULONG place = 0; length_of_all - place >= HEAD;) {
        const BYTE *head = all + place;
        ULONG kind = head[0] | head[1] << 8, length = head[2] | head[3] << 8;
        place += HEAD;
        if (length_of_all - place < length)
            break;
        if (kind == about && at-- == 0) {
            found->bytes = all + place;
            found->length = length;
            return TRUE;
        }
        place += length;
    }
    return FALSE;
}

BOOL is_told(void)
{
    struct answer package;
    return find(PACKAGE_SID, 0, &package);
}
