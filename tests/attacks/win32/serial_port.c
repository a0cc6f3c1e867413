/* serial_port: opens COM1, which Wine leads to /dev/ttyS0. */
#include "win32.h"

int main(int argc, char **argv)
{
	DCB state = { .DCBlength = sizeof state };
	tried();
	HANDLE port = CreateFileW(L"\\\\.\\COM1", GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
	if (port == INVALID_HANDLE_VALUE)
		return denied("COM1");
	return GetCommState(port, &state) ? gained("a serial port") : denied("GetCommState");
}
