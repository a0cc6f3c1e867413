/* change_read_only PATH: changes a file that was granted for reading: its content, attributes, times, security, name. */
#include "win32.h"

int main(int argc, char **argv)
{
	const wchar_t *name = named("unix", argv[1]);
	wchar_t other[4096];
	FILETIME time = { 0, 27000000 };
	DWORD length;
	int changed = 0;
	tried();
	HANDLE file = CreateFileW(name, FILE_WRITE_ATTRIBUTES, 7, NULL, OPEN_EXISTING, 0, NULL);
	changed += file != INVALID_HANDLE_VALUE && SetFileTime(file, &time, &time, &time);
	CloseHandle(file);
	file = CreateFileW(name, GENERIC_READ | GENERIC_WRITE, 7, NULL, OPEN_EXISTING, 0, NULL);
	changed += file != INVALID_HANDLE_VALUE && WriteFile(file, "evil", 4, &length, NULL);
	CloseHandle(file);
	changed += SetFileAttributesW(name, FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM | FILE_ATTRIBUTE_READONLY);
	changed += MoveFileW(name, wcscat(wcscpy(other, name), L".moved"));
	return changed ? gained("changed") : denied("every change");
}
