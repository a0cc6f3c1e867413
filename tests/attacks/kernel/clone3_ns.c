/* Starts a process in a new user namespace by clone3, whose flags a filter cannot see (Kernel surface, "clone3 with
 * namespaces"; pitfall 6). */
#include "attack.h"

int main(int argc, char **argv)
{
	struct { uint64_t flags, pidfd, child, parent, exit, stack, size, tls; } how = { .flags = 0x10000000, .exit = SIGCHLD };
	tried();
	long pid = syscall(SYS_clone3, &how, sizeof how);
	if (pid == 0)
		_exit(0);
	return outcome(pid, "a process in a user namespace of its own");
}
