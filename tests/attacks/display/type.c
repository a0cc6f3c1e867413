/* cc: -Wl,--no-as-needed -lX11 -lXtst
 * Types a key, whose code is given, into other windows (X11: "send keys"). */
#include "display.h"
#include <X11/extensions/XTest.h>

static unsigned code;

static void press(Display *display, Window window)
{
	XKeyEvent event = { .type = KeyPress, .display = display, .window = window, .root = DefaultRootWindow(display),
		.same_screen = True, .keycode = code };
	XSendEvent(display, window, True, NoEventMask, (XEvent *)&event);
}

int main(int argc, char **argv)
{
	Display *display = connected();
	int event, error, major, minor;
	code = atoi(argv[2]);
	if (!strcmp(argv[1], "events"))
		windows(display, DefaultRootWindow(display), press);
	else if (!XTestQueryExtension(display, &event, &error, &major, &minor))
		return denied("XTEST");
	else
		for (int down = 1; down >= 0; down--)
			XTestFakeKeyEvent(display, code, down, CurrentTime);
	XSync(display, False);
	usleep(200000);
	return 0;
}
