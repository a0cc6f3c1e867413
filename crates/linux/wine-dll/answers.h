/*
 * lowbox.dll: what a Windows program is told about the container that it is in.
 *
 * Wine's own libraries forward some of their functions here (crates/linux/src/wine/told). The answers are those that lowbox wrote for this
 * launch, in a file that the program can't change. It is information and no boundary: a program that doesn't ask here is told what Wine
 * says, and the kernel confines it all the same.
 *
 * There is no C library in it: everything comes from ntdll.dll and kernel32.dll, which every program has.
 */
#ifndef ANSWERS_H
#define ANSWERS_H

#include <windows.h>

/* What an answer is about: the numbers of crates/linux/src/wine/told/answers.rs. */
enum about {
    PACKAGE_SID = 1,  /* a SID in its binary form, as the next one */
    CAPABILITY_SID,   /* once for each */
    LESS_PRIVILEGED,  /* nothing but that it is */
    FULL_NAME,        /* UTF-16, as all texts, without an end */
    FAMILY_NAME,
    PACKAGE_FOLDER,
    CONTAINER_FOLDER,
    PACKAGE_VERSION,  /* processor architecture (32 bits) and version (64), as in PACKAGE_ID */
    NAME,
    PUBLISHER,
    RESOURCE_ID,
    PUBLISHER_ID,
    CHOOSES,          /* nothing but that the user chooses files in a window of lowbox's */
};

struct answer {
    const BYTE *bytes;
    ULONG length;
};

/* The answer about something: the first one, or a later one of several. FALSE if there is none. */
BOOL find(enum about about, ULONG at, struct answer *found);

/* Whether lowbox has written any. */
BOOL is_told(void);

/* A file's bytes, which the caller frees; NULL if there is nothing to read. By the name that NtOpenFile takes. */
BYTE *read_whole(const WCHAR *path, ULONG *length);

/* A token's own answer, as GetTokenInformation of Wine gives it. */
BOOL wines_token_information(HANDLE token, TOKEN_INFORMATION_CLASS about, void *buffer, DWORD length, DWORD *needed);

/* Whether the token is there and may be asked; says why not as the last error. */
BOOL can_be_asked(HANDLE token);

#endif
