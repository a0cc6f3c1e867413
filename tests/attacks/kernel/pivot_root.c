/* Changes the root by pivot_root (Kernel surface, "pivot_root"). */
#include "attack.h"

int main(int argc, char **argv)
{
	tried();
	if (mount("none", "/tmp", "tmpfs", 0, 0))
		denied("mount");
	mkdir("/tmp/old", 0700);
	return outcome(syscall(SYS_pivot_root, "/tmp", "/tmp/old"), "another root");
}
