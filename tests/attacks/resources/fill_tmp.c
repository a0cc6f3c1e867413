/* Fills /tmp, 3 GiB of it (Resources, "disk fill of /tmp"), and /dev/shm. */
#include "attack.h"

int main(int argc, char **argv)
{
	char name[4096];
	snprintf(name, sizeof name, "%s/lowbox-fill-%d", argv[1], getpid());
	int fd = open(name, O_CREAT | O_RDWR, 0600);
	tried();
	if (fd < 0)
		return denied("open");
	unlink(name);
	for (off_t at = 0; at < (off_t)3 << 30; at += 1 << 24)
		if (fallocate(fd, 0, at, 1 << 24))
			return denied("fallocate");
	return gained("3 GiB");
}
