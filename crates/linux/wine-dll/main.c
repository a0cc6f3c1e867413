#include <windows.h>

/* What the compiler calls, in place of the C library's. (Built so that these loops do not become calls to themselves.) */
void *memcpy(void *to, const void *from, size_t length)
{
    BYTE *end = to;
    const BYTE *next = from;
    while (length--)
        *end++ = *next++;
    return to;
}

int memcmp(const void *one, const void *other, size_t length)
{
    const BYTE *left = one, *right = other;
    for (; length; left++, right++, length--)
        if (*left != *right)
            return *left - *right;
    return 0;
}

/* Nothing is made ready: what is asked for first makes it so. */
BOOL WINAPI DllMain(HINSTANCE library, DWORD reason, void *reserved)
{
    (void)library, (void)reason, (void)reserved;
    return TRUE;
}
