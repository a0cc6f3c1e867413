/* What every attack at a display shares. It has to have one: TRIED is said once it is connected. */
#include "attack.h"
#include <X11/Xlib.h>
#include <X11/Xutil.h>

/* How long the user's keys and selections are waited for, in milliseconds. */
#define PATIENCE 2000

static inline int ignored(Display *display, XErrorEvent *error)
{
	char text[200];
	XGetErrorText(display, error->error_code, text, sizeof text);
	printf("DENIED %s\n", text);
	fflush(stdout);
	return 0;
}

static inline Display *connected(void)
{
	Display *display = XOpenDisplay(NULL);
	if (!display) {
		fprintf(stderr, "no display\n");
		exit(2);
	}
	XSetErrorHandler(ignored);
	tried();
	return display;
}

/* The user types now. */
static inline void ready(Display *display)
{
	XSync(display, False);
	say("READY", "");
}

static inline void key(unsigned code)
{
	printf("KEY %u\n", code);
	fflush(stdout);
}

static inline Window own_window(Display *display)
{
	Window window = XCreateSimpleWindow(display, DefaultRootWindow(display), 40, 40, 8, 8, 0, 0, 0);
	XMapWindow(display, window);
	return window;
}

/* Waits for the next event, at most until PATIENCE is over. */
static inline int next_event(Display *display, XEvent *event)
{
	static int left = PATIENCE;
	for (; !XPending(display); left -= 10) {
		if (left <= 0)
			return 0;
		usleep(10000);
	}
	XNextEvent(display, event);
	return 1;
}

/* Calls `each` for every window of the display. */
static inline void windows(Display *display, Window at, void (*each)(Display *, Window))
{
	Window root, parent, *children = NULL;
	unsigned count = 0;
	each(display, at);
	if (!XQueryTree(display, at, &root, &parent, &children, &count))
		return;
	for (unsigned i = 0; i < count; i++)
		windows(display, children[i], each);
	XFree(children);
}
