/* network PORT: microseconds that connect(2) to 127.0.0.1:PORT takes (the median of 1000), gigabits a second that go through one
 * connection for half a second, and microseconds of a round trip by UDP (the median of 1000). */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	static double times[1000];
	static char data[1 << 18];
	struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
	there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (int i = 0; i < 1000; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		double start = now();
		if (connect(fd, (void *)&there, sizeof there))
			return perror("connect"), 1;
		times[i] = now() - start;
		close(fd);
	}
	qsort(times, 1000, sizeof *times, compare);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(fd, (void *)&there, sizeof there))
		return perror("connect"), 1;
	double start = now(), sent = 0;
	while (now() - start < 0.5) {
		ssize_t count = write(fd, data, sizeof data);
		if (count < 0)
			return perror("write"), 1;
		sent += count;
	}
	double median = times[500], rate = sent * 8 / (now() - start) / 1e9;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (connect(fd, (void *)&there, sizeof there))
		return perror("connect"), 1;
	for (int i = 0; i < 1000; i++) {
		start = now();
		if (send(fd, data, 100, 0) != 100 || recv(fd, data, sizeof data, 0) != 100)
			return perror("UDP"), 1;
		times[i] = now() - start;
	}
	qsort(times, 1000, sizeof *times, compare);
	printf("%f %f %f\n", median * 1e6, rate, times[500] * 1e6);
	return 0;
}
