/* Clones a mount and attaches it over another (Kernel surface, "mount"). */
#include "attack.h"

int main(int argc, char **argv)
{
	tried();
	int fd = syscall(SYS_open_tree, AT_FDCWD, "/tmp", 1 /* OPEN_TREE_CLONE */);
	if (fd < 0)
		denied("open_tree");
	return outcome(syscall(SYS_move_mount, fd, "", AT_FDCWD, "/tmp", 4 /* F_EMPTY_PATH */), "moved a mount");
}
