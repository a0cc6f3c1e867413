/* Makes a node of the kernel's memory or disk device in a writable grant and opens it (Files; nodev). */
#include "attack.h"
#include <sys/sysmacros.h>

int main(int argc, char **argv)
{
	char at[4096];
	snprintf(at, sizeof at, "%s/device", argv[1]);
	tried();
	if (mknod(at, S_IFCHR | 0666, makedev(1, 11)))
		return denied("mknod");
	return outcome(open(at, O_RDONLY | O_NONBLOCK), "opened a device node of its own (kmsg)");
}
