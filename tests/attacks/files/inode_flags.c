/* Sets inode flags (no-dump) on a file that may be read, by the older or the newer call: ownership is enough for that (Files,
 * "write through a read-only grant"; pitfall 11). */
#include "attack.h"
#include <linux/fs.h>

int main(int argc, char **argv)
{
	int flags = FS_NODUMP_FL, fd = open(argv[2], O_RDONLY);
	struct fsxattr extended = { .fsx_xflags = FS_XFLAG_NODUMP };
	tried();
	if (!strcmp(argv[1], "flags"))
		return outcome(ioctl(fd, FS_IOC_SETFLAGS, &flags), "changed inode flags");
	return outcome(ioctl(fd, FS_IOC_FSSETXATTR, &extended), "changed extended flags");
}
