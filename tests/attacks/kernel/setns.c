/* Enters a namespace (Kernel surface, "setns"). */
#include "attack.h"

int main(int argc, char **argv)
{
	tried();
	int fd = open("/proc/self/ns/uts", O_RDONLY);
	if (fd < 0)
		denied("open");
	return outcome(syscall(SYS_setns, fd, 0x04000000), "entered a namespace");
}
