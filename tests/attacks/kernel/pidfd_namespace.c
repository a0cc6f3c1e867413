/* Gets a namespace from a pidfd: what setns and the calls that walk namespaces begin with (Kernel; Linux 6.11). */
#include "attack.h"

int main(void)
{
	tried();
	int self = syscall(SYS_pidfd_open, getpid(), 0);
	long namespace = syscall(SYS_ioctl, self, 0xff09 /* PIDFD_GET_USER_NAMESPACE */, 0);
	if (namespace < 0 && errno == ENOTTY)
		errno = ENOSYS; /* this kernel lacks it */
	return outcome(namespace, "a user namespace");
}
