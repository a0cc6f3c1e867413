/* Enters new namespaces: with a user namespace come all capabilities in it (Kernel surface, "unshare(user)"). */
#include "attack.h"

int main(int argc, char **argv)
{
	tried();
	return outcome(syscall(SYS_unshare, strtoul(argv[1], 0, 16)), "a namespace of its own");
}
