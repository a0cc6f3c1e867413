/* What lowbox is told: by the name of something that is nowhere, which it reads as Wine looks for it in the program's process. */
#ifndef REQUESTS_H
#define REQUESTS_H

#include "answers.h"

/* A text, which need not have an end; what is too long is cut. */
struct text {
    const WCHAR *units;
    ULONG length;
};

/* A text with an end. */
struct text text_of(const WCHAR *units);

/* Linux has 4095 bytes for a path. */
#define MAX_REQUEST 4000

/* Room for a request; NULL if there is none. The next three put something at its end, and say where that is then. */
WCHAR *new_request(void);
WCHAR *put_plain(WCHAR *to, const WCHAR *text);
WCHAR *put_number(WCHAR *to, ULONGLONG number, int digits);
/* A backslash, then four digits for each unit, or `-` for none. */
WCHAR *put_text(WCHAR *to, struct text text, ULONG most);

/* Looks for it, which takes until lowbox has dealt with it, and frees it. */
void request(WCHAR *path);

#endif
