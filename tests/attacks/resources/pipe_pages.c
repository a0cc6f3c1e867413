/* Takes all the pipe buffers that the user has (pitfall 12, another count per user of the host): afterwards the user's new pipes
 * hold one or two pages instead of 16. */
#include "attack.h"

int main(int argc, char **argv)
{
	int fds[2];
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	tried();
	for (int i = 0; i < 256 && pipe(fds) == 0; i++)
		fcntl(fds[0], F_SETPIPE_SZ, 1 << 20);
	while (pipe(fds) == 0 && fcntl(fds[0], F_GETPIPE_SZ) > 8192)
		;
	say("READY", "");
	usleep(500000);
	return 0;
}
