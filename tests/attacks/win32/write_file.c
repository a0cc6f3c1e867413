/* write_file WAY PATH: appends to a file or makes it, with its folder. */
#include "win32.h"

int main(int argc, char **argv)
{
	static const char TEXT[] = "evil\n";
	DWORD length;
	tried();
	HANDLE file = CreateFileW(named(argv[1], argv[2]), FILE_APPEND_DATA, 7, NULL, OPEN_ALWAYS, 0, NULL);
	if (file == INVALID_HANDLE_VALUE)
		return denied("CreateFile");
	return WriteFile(file, TEXT, sizeof TEXT - 1, &length, NULL) ? gained("wrote") : denied("WriteFile");
}
