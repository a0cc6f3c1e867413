/* Takes a descriptor out of another process (Processes, "pidfd_getfd"). */
#include "attack.h"

int main(int argc, char **argv)
{
	tried();
	int pidfd = syscall(SYS_pidfd_open, atoi(argv[1]), 0);
	if (pidfd < 0)
		return denied("pidfd_open");
	int fd = syscall(SYS_pidfd_getfd, pidfd, atoi(argv[2]), 0);
	if (fd < 0 && errno != EBADF) /* EBADF: let in, but there is no such descriptor */
		return denied("pidfd_getfd");
	gained("a descriptor of another process");
	lseek(fd, 0, SEEK_SET);
	return print_all(fd);
}
