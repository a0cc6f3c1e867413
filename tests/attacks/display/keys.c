/* cc: -Wl,--no-as-needed -lX11 -lXi -lXtst
 * Reads the keys that the user types into another window (X11: "read keys"). */
#include "display.h"
#include <X11/extensions/XInput2.h>
#include <X11/extensions/record.h>

static void listen_at(Display *display, Window window)
{
	XSelectInput(display, window, KeyPressMask);
}

static void recorded(XPointer closure, XRecordInterceptData *data)
{
	if (data->category == XRecordFromServer && data->data[0] == KeyPress)
		key(data->data[1]);
	XRecordFreeData(data);
}

static int by_record(Display *display)
{
	Display *data = XOpenDisplay(NULL);
	XRecordClientSpec all = XRecordAllClients;
	XRecordRange *range = XRecordAllocRange();
	int major, minor;
	if (!XRecordQueryVersion(display, &major, &minor))
		return denied("RECORD");
	range->device_events.first = range->device_events.last = KeyPress;
	XRecordContext context = XRecordCreateContext(display, 0, &all, 1, &range, 1);
	XSync(display, False);
	XRecordEnableContextAsync(data, context, recorded, NULL);
	XFlush(data);
	ready(display);
	for (int left = PATIENCE; left > 0; left -= 10) {
		XRecordProcessReplies(data);
		usleep(10000);
	}
	return 0;
}

static int by_keymap(Display *display)
{
	char before[32] = { 0 }, now[32];
	ready(display);
	for (int left = PATIENCE; left > 0; left -= 2) {
		XQueryKeymap(display, now);
		for (unsigned code = 0; code < 256; code++)
			if (now[code / 8] & ~before[code / 8] & 1 << code % 8)
				key(code);
		memcpy(before, now, sizeof now);
		usleep(2000);
	}
	return 0;
}

static void raw(Display *display, Window root)
{
	unsigned char bits[XIMaskLen(XI_LASTEVENT)] = { 0 };
	XIEventMask mask = { XIAllMasterDevices, sizeof bits, bits };
	int major = 2, minor = 1;
	XIQueryVersion(display, &major, &minor);
	XISetMask(bits, XI_RawKeyPress);
	XISelectEvents(display, root, &mask, 1);
}

int main(int argc, char **argv)
{
	Display *display = connected();
	Window root = DefaultRootWindow(display);
	const char *how = argv[1];
	XEvent event;
	if (!strcmp(how, "record"))
		return by_record(display);
	if (!strcmp(how, "keymap"))
		return by_keymap(display);
	if (!strcmp(how, "grab"))
		XGrabKeyboard(display, root, False, GrabModeAsync, GrabModeAsync, CurrentTime);
	else if (!strcmp(how, "grab-each"))
		XGrabKey(display, AnyKey, AnyModifier, root, False, GrabModeAsync, GrabModeAsync);
	else if (!strcmp(how, "raw"))
		raw(display, root);
	else if (!strcmp(how, "select"))
		windows(display, root, listen_at);
	else if (!strcmp(how, "focus")) {
		Window own = own_window(display);
		XSelectInput(display, own, KeyPressMask);
		XSync(display, False);
		usleep(100000);
		XSetInputFocus(display, own, RevertToParent, CurrentTime);
	} else
		return 2;
	ready(display);
	while (next_event(display, &event)) {
		if (event.type == KeyPress)
			key(event.xkey.keycode);
		if (event.type == GenericEvent && XGetEventData(display, &event.xcookie)) {
			if (event.xcookie.evtype == XI_RawKeyPress)
				key(((XIRawEvent *)event.xcookie.data)->detail);
			XFreeEventData(display, &event.xcookie);
		}
	}
	return 0;
}
