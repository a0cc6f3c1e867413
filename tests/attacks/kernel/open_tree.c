/* Clones a mount (Kernel surface, "mount"). */
#include "attack.h"

int main(int argc, char **argv)
{
	tried();
	return outcome(syscall(SYS_open_tree, AT_FDCWD, "/tmp", 1 /* OPEN_TREE_CLONE */), "a cloned mount");
}
