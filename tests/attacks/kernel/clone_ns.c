/* Starts a process in a new user namespace by clone (Kernel surface, "namespaces"). */
#include "attack.h"

int main(int argc, char **argv)
{
	tried();
	long pid = syscall(SYS_clone, strtoul(argv[1], 0, 16) | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		_exit(0);
	return outcome(pid, "a process in a namespace of its own");
}
