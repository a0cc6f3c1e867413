#include <windows.h>

/* What the compiler calls, in place of the C library's. (Built so that this loop does not become a call to itself.) */
void *memcpy(void *to, const void *from, size_t length)
{
    BYTE *end = to;
    const BYTE *next = from;
    while (length--)
        *end++ = *next++;
    return to;
}

/* Nothing is made ready: what is asked for first makes it so. */
BOOL WINAPI DllMain(HINSTANCE library, DWORD reason, void *reserved)
{
    (void)library, (void)reason, (void)reserved;
    return TRUE;
}
