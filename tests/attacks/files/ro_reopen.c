/* Opens a file in a read-only grant as a bare path (O_PATH) or for reading, then again for writing through /proc/self/fd
 * (Files, "O_PATH reopen, /proc/self/fd"). */
#include "attack.h"

int main(int argc, char **argv)
{
	char again[64];
	int flags = strcmp(argv[2], "opath") ? O_RDONLY : O_PATH;
	tried();
	int fd = open(argv[1], flags);
	if (fd < 0)
		return denied("open");
	snprintf(again, sizeof again, "/proc/self/fd/%d", fd);
	int writable = open(again, O_WRONLY);
	if (writable < 0)
		return denied("reopen");
	return write(writable, "overwritten", 11) < 0 ? denied("write") : 0;
}
