/* Shows a window of one colour, which is another one once q is typed; Escape ends it with 5. */
#include <windows.h>

static COLORREF colour = RGB(0x12, 0xab, 0x34);

static LRESULT CALLBACK handle(HWND window, UINT message, WPARAM first, LPARAM second)
{
	PAINTSTRUCT paint;
	switch (message) {
	case WM_PAINT: {
		HDC context = BeginPaint(window, &paint);
		HBRUSH brush = CreateSolidBrush(colour);
		FillRect(context, &paint.rcPaint, brush);
		DeleteObject(brush);
		EndPaint(window, &paint);
		return 0;
	}
	case WM_KEYDOWN:
		if (first == 'Q') {
			colour = RGB(0xab, 0x34, 0x12);
			InvalidateRect(window, NULL, FALSE);
		}
		if (first == VK_ESCAPE)
			PostQuitMessage(5);
		return 0;
	case WM_CLOSE:
		PostQuitMessage(6);
		return 0;
	}
	return DefWindowProcW(window, message, first, second);
}

int WINAPI wWinMain(HINSTANCE instance, HINSTANCE before, PWSTR words, int show)
{
	WNDCLASSW class = { .lpfnWndProc = handle, .hInstance = instance, .lpszClassName = L"window" };
	MSG message;
	RegisterClassW(&class);
	CreateWindowW(L"window", L"A window", WS_OVERLAPPEDWINDOW | WS_VISIBLE, 50, 50, 400, 300, NULL, NULL, instance, NULL);
	while (GetMessageW(&message, NULL, 0, 0) > 0) {
		TranslateMessage(&message);
		DispatchMessageW(&message);
	}
	return message.wParam;
}
