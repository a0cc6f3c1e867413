/* read_file WAY PATH: reads a file by one of the names that Wine has for it (files, "Z:", \\?\unix, absolute and relative paths). */
#include "win32.h"

int main(int argc, char **argv)
{
	const wchar_t *name = named(argv[1], argv[2]);
	wchar_t full[4096];
	tried();
	/* A program may as well ask for the full name first. */
	if (!strcmp(argv[1], "relative") && GetFullPathNameW(name, 4096, full, NULL))
		name = full;
	return print_all(CreateFileW(name, GENERIC_READ, 7, NULL, OPEN_EXISTING, 0, NULL), "CreateFile");
}
