/* Takes a mount away, to see what lies beneath (Kernel surface, "mount"). */
#include "attack.h"

int main(int argc, char **argv)
{
	tried();
	if (mount("none", "/tmp", "tmpfs", 0, 0))
		denied("mount");
	return outcome(umount2("/tmp", MNT_DETACH), "unmounted");
}
