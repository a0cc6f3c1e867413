/* Connects while another thread swaps the port in the address between one that may be reached and the victim's, 10^5 times at
 * least (Network, "connect race"; pitfall 18: nothing may be read twice). tcp_race ALLOWED VICTIM */
#include "attack.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>

static struct sockaddr_in raced;
static in_port_t ports[2];
static volatile long swaps;
static volatile int done;

static void *swapper(void *unused)
{
	while (!done) {
		*(volatile in_port_t *)&raced.sin_port = ports[swaps & 1];
		swaps++;
	}
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	ports[0] = htons(atoi(argv[1]));
	ports[1] = htons(atoi(argv[2]));
	raced.sin_family = AF_INET;
	raced.sin_port = ports[0];
	inet_pton(AF_INET, "127.0.0.1", &raced.sin_addr);
	tried();
	pthread_create(&thread, 0, swapper, 0);
	for (int i = 0; i < 3000 || swaps < 100000; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		connect(fd, (void *)&raced, sizeof raced);
		close(fd);
	}
	done = 1;
	pthread_join(thread, 0);
	return 0;
}
