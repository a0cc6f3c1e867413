/* Sets an inode flag (no-dump) on a file in a read-only grant by ioctl (Files, "write through a read-only grant"). */
#include "attack.h"
#include <linux/fs.h>

int main(int argc, char **argv)
{
	int flags = 0, fd = open(argv[1], O_RDONLY);
	tried();
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags))
		return denied("FS_IOC_GETFLAGS");
	flags |= FS_NODUMP_FL;
	return outcome(ioctl(fd, FS_IOC_SETFLAGS, &flags), "changed inode flags");
}
