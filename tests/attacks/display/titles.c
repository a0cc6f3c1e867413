/* cc: -Wl,--no-as-needed -lX11
 * Reads the titles of all windows. */
#include "display.h"

static void tell(Display *display, Window window)
{
	char *name = NULL;
	if (XFetchName(display, window, &name) && name)
		say("TITLE", name);
}

int main(void)
{
	Display *display = connected();
	windows(display, DefaultRootWindow(display), tell);
	return 0;
}
