/* Changes the path in its own memory between the broker's look and the call, 50,000 times (in each mode): one thread opens it while another one
 * swaps it between a file that is granted and one to which the user says no (Broker; "race: swap the path between check and use").
 * MODE is read or write. */
#include "attack.h"
#include <pthread.h>

static char path[2][4096];
static char raced[4096];
static volatile int done;

static void *swapper(void *unused)
{
	/* Both have the same length, so every mixture of the two is a path too. */
	for (unsigned turn = 0; !done; turn++) {
		memcpy(raced, path[turn & 1], sizeof raced);
		for (volatile int i = 0; i < (int)(turn % 64) * 32; i++)
			;
	}
	return unused;
}

int main(int argc, char **argv)
{
	char buffer[4096];
	pthread_t thread;
	int writing = !strcmp(argv[1], "write");
	long opened = 0;
	snprintf(path[0], sizeof path[0], "%s", argv[2]);
	snprintf(path[1], sizeof path[1], "%s", argv[3]);
	memcpy(raced, path[0], sizeof raced);
	tried();
	/* The innocent one is granted first. */
	close(open(path[0], O_RDWR));
	pthread_create(&thread, 0, swapper, 0);
	for (int i = 0; i < 50000; i++) {
		int fd = open(raced, writing ? O_WRONLY | O_APPEND : O_RDONLY);
		if (fd < 0)
			continue;
		opened++;
		if (writing) {
			struct stat stat;
			if (!fstat(fd, &stat) && stat.st_size < 1 << 16)
				write(fd, "x", 1);
		} else {
			ssize_t length = read(fd, buffer, sizeof buffer);
			if (length > 0 && i % 1000 == 0)
				fflush(stdout);
			if (length > 0 && memcmp(buffer, "granted", 7) && memcmp(buffer, "notes", 5))
				fwrite(buffer, 1, length, stdout);
		}
		close(fd);
	}
	done = 1;
	pthread_join(thread, 0);
	printf("opened %ld times\n", opened);
	return 0;
}
