/* cc: -Wl,--no-as-needed -lX11
 * Reads what is selected, or copied, elsewhere (X11: "read the clipboard"). */
#include "display.h"
#include <X11/Xatom.h>

int main(int argc, char **argv)
{
	Display *display = connected();
	Window own = own_window(display);
	Atom name = XInternAtom(display, "STOLEN", False);
	XEvent event;
	XConvertSelection(display, XInternAtom(display, argv[1], False), XA_STRING, name, own, CurrentTime);
	while (next_event(display, &event)) {
		if (event.type != SelectionNotify)
			continue;
		Atom type;
		int format;
		unsigned long length, rest;
		unsigned char *text = NULL;
		XGetWindowProperty(display, own, name, 0, 1024, False, AnyPropertyType, &type, &format, &length, &rest, &text);
		if (text)
			say("SELECTED", (char *)text);
		break;
	}
	return 0;
}
