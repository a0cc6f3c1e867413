/* Mounts a file system over /tmp (Kernel surface, "mount"). */
#include "attack.h"

int main(int argc, char **argv)
{
	tried();
	return outcome(mount("none", "/tmp", "tmpfs", 0, 0), "mounted");
}
