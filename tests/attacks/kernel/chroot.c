/* Changes the root by chroot (Kernel surface). */
#include "attack.h"

int main(int argc, char **argv)
{
	tried();
	return outcome(chroot("/tmp"), "another root");
}
