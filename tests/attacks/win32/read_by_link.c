/* read_by_link HOW FOLDER PATH: makes a link in a granted folder to a file that was not granted, and reads through it; HOW: "hard" by
 * CreateHardLink, "symbolic" by Linux's own call, since Wine 8 can make none. */
#include "win32.h"
#include "linux.h"

int main(int argc, char **argv)
{
	char at[4096];
	wchar_t link[4096];
	snprintf(at, sizeof at, "%s/link-%lu", linux_path(argv[2]), GetTickCount());
	wcscpy(link, named("unix", at));
	tried();
	if (!strcmp(argv[1], "hard")) {
		if (!CreateHardLinkW(link, named("unix", argv[3]), NULL))
			return denied("CreateHardLink");
	} else {
		int64_t made = LINUX(L_symlink, linux_path(argv[3]), at, 0);
		if (made < 0)
			return linux_denied(made, "symlink");
	}
	return print_all(CreateFileW(link, GENERIC_READ, 7, NULL, OPEN_EXISTING, 0, NULL), "CreateFile");
}
