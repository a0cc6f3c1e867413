/* Files that the user chooses in a window of lowbox's, in the place of a dialog of the program's. */
#ifndef CHOOSE_H
#define CHOOSE_H

#include "answers.h"

/* A text, which need not have an end; what is too long is cut. */
struct text {
    const WCHAR *units;
    ULONG length;
};

/* What is to be chosen. */
struct wish {
    const WCHAR *kind; /* open, several, save, folder */
    struct text title;
    struct text filters; /* name, 0, patterns, 0, and so on */
    struct text folder;
    struct text name;
    struct text extension;
};

/* A text with an end. */
struct text text_of(const WCHAR *units);

/* The last part of a path that names something; all of it if there is no folder in it. */
const WCHAR *last_name(const WCHAR *path);

/* Whether the user can choose so. */
BOOL may_choose(void);

/*
 * Has the user choose, which takes as long as it takes; the thread's windows live on meanwhile, but for the owner, which takes no input.
 * Names of files, each with an end, and how many units they are; the caller frees them. NULL if nothing was chosen.
 */
WCHAR *choose(const struct wish *wish, HWND owner, ULONG *length);

#endif
