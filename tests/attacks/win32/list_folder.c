/* list_folder WAY PATH: lists a folder (FindFirstFile). */
#include "win32.h"

int main(int argc, char **argv)
{
	wchar_t pattern[4096];
	WIN32_FIND_DATAW found;
	tried();
	wcscat(wcscpy(pattern, named(argv[1], argv[2])), L"\\*");
	HANDLE search = FindFirstFileW(pattern, &found);
	if (search == INVALID_HANDLE_VALUE)
		return denied("FindFirstFile");
	do
		printf("%ls\n", found.cFileName);
	while (FindNextFileW(search, &found));
	return 0;
}
