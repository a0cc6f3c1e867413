/* Sends a datagram to a unix socket of the host: from a socket of its own, or from one end of a socketpair, which needs no
 * socket() and no connect() (IPC; pitfall 2; Network, "unix datagram to syslog/journal"). The type may carry high bits that the
 * kernel does not read. */
#include "attack.h"

int main(int argc, char **argv)
{
	int fds[2] = { -1, -1 };
	const char *text = "hello from inside";
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	socklen_t length = sizeof to;
	strncpy(to.sun_path, argv[4], sizeof to.sun_path - 1);
	if (argv[4][0] == '@') {
		to.sun_path[0] = 0;
		length = offsetof(struct sockaddr_un, sun_path) + strlen(argv[4]);
	}
	struct iovec part = { (void *)text, strlen(text) };
	struct mmsghdr message = { { &to, length, &part, 1 } };
	unsigned long type = strtoul(argv[2], 0, 0);
	tried();
	if (!strcmp(argv[1], "socket"))
		fds[0] = syscall(SYS_socket, AF_UNIX, type, 0);
	else if (syscall(SYS_socketpair, AF_UNIX, type, 0, fds))
		fds[0] = -1;
	if (fds[0] < 0)
		return denied(argv[1]);
	long sent = -1;
	if (!strcmp(argv[3], "sendto"))
		sent = sendto(fds[0], text, strlen(text), 0, (void *)&to, length);
	else if (!strcmp(argv[3], "sendmsg"))
		sent = sendmsg(fds[0], &message.msg_hdr, 0);
	else if (!strcmp(argv[3], "sendmmsg"))
		sent = sendmmsg(fds[0], &message, 1, 0);
	else if (!strcmp(argv[3], "connect") && !connect(fds[0], (void *)&to, length))
		sent = write(fds[0], text, strlen(text));
	return sent < 0 ? denied(argv[3]) : 0;
}
