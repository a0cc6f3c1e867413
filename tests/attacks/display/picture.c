/* cc: -Wl,--no-as-needed -lX11
 * Takes a picture of the screen, or of each window (X11: "take a screenshot"). */
#include "display.h"

static void take(Display *display, Window window)
{
	XWindowAttributes has;
	if (!XGetWindowAttributes(display, window, &has))
		return;
	XImage *image = XGetImage(display, window, 0, 0, has.width, has.height, AllPlanes, ZPixmap);
	if (!image)
		return;
	unsigned long last = ~0UL;
	for (int y = 0; y < has.height; y++)
		for (int x = 0; x < has.width; x++) {
			unsigned long pixel = XGetPixel(image, x, y) & 0xffffff;
			if (pixel != last)
				printf("PIXEL %06lx\n", pixel);
			last = pixel;
		}
	fflush(stdout);
}

int main(int argc, char **argv)
{
	Display *display = connected();
	if (!strcmp(argv[1], "root"))
		take(display, DefaultRootWindow(display));
	else
		windows(display, DefaultRootWindow(display), take);
	return 0;
}
