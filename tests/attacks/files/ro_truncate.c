/* Truncates a file in a read-only grant: by path, through /proc/self/fd, and ftruncate (Files, "ftruncate"). */
#include "attack.h"

int main(int argc, char **argv)
{
	char again[64];
	int fd = open(argv[1], O_RDONLY);
	tried();
	if (fd < 0)
		return denied("open");
	snprintf(again, sizeof again, "/proc/self/fd/%d", fd);
	if (ftruncate(fd, 1))
		denied("ftruncate");
	if (truncate(again, 1))
		denied("truncate through /proc/self/fd");
	if (truncate(argv[1], 1))
		denied("truncate");
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096))
		denied("fallocate");
	return 0;
}
