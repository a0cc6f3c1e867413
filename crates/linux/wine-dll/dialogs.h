/* The open and save dialogs that programs make by COM (IFileOpenDialog, IFileSaveDialog). */
#ifndef DIALOGS_H
#define DIALOGS_H

#define COBJMACROS
#include "choose.h"
#include <shobjidl.h>

/* What the user chose: shell items, which programs ask for one by one or all at once. */
struct chosen {
    IShellItem *first;
    IShellItemArray *all;
};

/* Of names, each with an end. FALSE if Wine can't make items of them; then there is nothing in it. */
BOOL make_items(const WCHAR *names, ULONG length, struct chosen *chosen);
void release_items(struct chosen *chosen);

/* Where an item is; the caller frees it by CoTaskMemFree. NULL if it is no file or folder. */
WCHAR *path_of(IShellItem *item);
void free_task_memory(void *bytes);

/* A dialog around one of Wine's, for the user to choose in a window of lowbox's. Takes the reference over. */
HRESULT wrap(IFileDialog *inner, BOOL saves, REFIID id, void **wrapped);

#endif
