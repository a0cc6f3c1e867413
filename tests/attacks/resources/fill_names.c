/* Makes 300,000 files without content in /dev/shm, each of which takes the kernel's memory (Resources, "disk fill"), and removes them. */
#include "attack.h"

enum { FILES = 300000 };

int main(int argc, char **argv)
{
	char folder[4096], name[4200];
	int made = 0;
	(void)argc;
	snprintf(folder, sizeof folder, "%s/lowbox-names-%d", argv[1], getpid());
	if (mkdir(folder, 0700))
		return denied("mkdir");
	tried();
	for (; made < FILES; made++) {
		snprintf(name, sizeof name, "%s/%d", folder, made);
		if (mknod(name, S_IFREG | 0600, 0))
			break;
	}
	int failed = errno;
	for (int at = 0; at < made; at++) {
		snprintf(name, sizeof name, "%s/%d", folder, at);
		unlink(name);
	}
	rmdir(folder);
	errno = failed;
	return made < FILES ? denied("mknod") : gained("300,000 files");
}
