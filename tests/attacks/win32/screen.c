/* screen: takes a picture of the screen (BitBlt), where windows of other programs are. */
#include "win32.h"

int main(int argc, char **argv)
{
	HDC screen = GetDC(NULL), copy = CreateCompatibleDC(screen);
	int width = GetDeviceCaps(screen, HORZRES), height = GetDeviceCaps(screen, VERTRES);
	BITMAPINFO info = { .bmiHeader = { .biSize = sizeof info.bmiHeader, .biWidth = width, .biHeight = -height,
		.biPlanes = 1, .biBitCount = 32 } };
	DWORD *pixels = NULL, last = ~0u;
	HBITMAP bitmap = CreateDIBSection(copy, &info, DIB_RGB_COLORS, (void **)&pixels, NULL, 0);
	/* A screen that is none has no display behind it, and nothing would be proved. */
	if (!bitmap || width < 320)
		return 2;
	SelectObject(copy, bitmap);
	tried();
	if (!BitBlt(copy, 0, 0, width, height, screen, 0, 0, SRCCOPY))
		return denied("BitBlt");
	for (int i = 0; i < width * height; i++) {
		DWORD pixel = pixels[i] & 0xffffff;
		if (pixel != last)
			printf("PIXEL %06lx\n", pixel);
		last = pixel;
	}
	return 0;
}
