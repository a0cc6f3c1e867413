/* Connects to a unix socket of the host, asks for a pidfd of the peer and takes a descriptor out of it (pitfall 13,
 * "SO_PEERPIDFD with pidfd_getfd"). */
#include "attack.h"

int main(int argc, char **argv)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int pidfd = -1, sock = socket(AF_UNIX, SOCK_STREAM, 0);
	socklen_t length = sizeof pidfd;
	strncpy(to.sun_path, argv[1], sizeof to.sun_path - 1);
	tried();
	if (connect(sock, (void *)&to, sizeof to))
		denied("connect");
	if (getsockopt(sock, SOL_SOCKET, 77 /* SO_PEERPIDFD */, &pidfd, &length))
		return denied("SO_PEERPIDFD");
	int fd = syscall(SYS_pidfd_getfd, pidfd, atoi(argv[2]), 0);
	lseek(fd, 0, SEEK_SET);
	return fd < 0 ? denied("pidfd_getfd") : print_all(fd);
}
