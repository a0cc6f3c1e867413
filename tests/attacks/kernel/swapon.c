/* Uses a file as swap space (Kernel surface). */
#include "attack.h"
#include <sys/swap.h>

int main(int argc, char **argv)
{
	char page[4096] = { 0 };
	unsigned head[3] = { 1, 255, 0 };
	int fd = open(argv[1], O_CREAT | O_RDWR, 0600);
	tried();
	if (fd < 0)
		denied("open");
	memcpy(page + 1024, head, sizeof head);
	memcpy(page + 4086, "SWAPSPACE2", 10);
	for (int i = 0; i < 256; i++, memset(page, 0, sizeof page))
		write(fd, page, sizeof page);
	fsync(fd);
	long result = swapon(argv[1], 0);
	if (result == 0)
		swapoff(argv[1]);
	return outcome(result, "swap space");
}
