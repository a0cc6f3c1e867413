/* clipboard: reads what was copied elsewhere. */
#include "win32.h"

int main(int argc, char **argv)
{
	HWND window = CreateWindowA("STATIC", "", WS_POPUP | WS_VISIBLE, 0, 0, 10, 10, NULL, NULL, NULL, NULL);
	if (!window)
		return denied("a window");
	tried();
	for (int i = 0; i < 50; i++) {
		MSG message;
		while (PeekMessageA(&message, NULL, 0, 0, PM_REMOVE))
			DispatchMessageA(&message);
		if (OpenClipboard(window)) {
			char *text = GetClipboardData(CF_TEXT);
			if (text) {
				say("SELECTED", text);
				return 0;
			}
			CloseClipboard();
		}
		Sleep(100);
	}
	return denied("GetClipboardData");
}
