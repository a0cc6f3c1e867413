/* Has the kernel send the signal: makes the target the owner of a pipe's I/O signals (Processes, "kill", by a detour). */
#include "attack.h"

int main(int argc, char **argv)
{
	int fds[2];
	struct { int type, pid; } owner = { 1 /* F_OWNER_PID */, atoi(argv[1]) };
	tried();
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) && pipe(fds))
		return denied("socketpair");
	if (fcntl(fds[0], 15 /* F_SETOWN_EX */, &owner) && fcntl(fds[0], F_SETOWN, atoi(argv[1])))
		return denied("F_SETOWN");
	fcntl(fds[0], F_SETSIG, SIGKILL);
	fcntl(fds[0], F_SETFL, O_ASYNC);
	write(fds[1], "x", 1);
	usleep(100000);
	return 0;
}
