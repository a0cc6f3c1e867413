/* Writes to a file in a read-only grant through shared memory (Files, "also mmap"). */
#include "attack.h"

int main(int argc, char **argv)
{
	tried();
	int fd = open(argv[1], O_RDWR);
	if (fd < 0) {
		denied("open for writing");
		fd = open(argv[1], O_RDONLY);
	}
	char *at = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED) {
		denied("mmap for writing");
		at = mmap(0, 4096, PROT_READ, MAP_SHARED, fd, 0);
		if (at == MAP_FAILED || mprotect(at, 4096, PROT_READ | PROT_WRITE))
			return denied("mprotect for writing");
	}
	at[0] ^= 1;
	return msync(at, 4096, MS_SYNC) ? denied("msync") : 0;
}
