/* Makes a file system by the newer mount calls (Kernel surface, "mount"). */
#include "attack.h"

int main(int argc, char **argv)
{
	tried();
	return outcome(syscall(SYS_fsopen, "tmpfs", 0), "a file system context");
}
