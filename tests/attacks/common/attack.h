/* What every attack in C shares. An attack prints TRIED when it starts, so that a container in which the program could not
 * even start is never taken for one that stopped it; GAINED with what it got; DENIED with the errno that stopped it. The
 * harness believes effects seen from outside wherever there are any, and GAINED only where a call has no other effect. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static inline void say(const char *word, const char *what)
{
	printf("%s %s\n", word, what);
	fflush(stdout);
}

static inline void tried(void)
{
	say("TRIED", "");
}

static inline int gained(const char *what)
{
	say("GAINED", what);
	return 0;
}

static inline int denied(const char *what)
{
	const char *name = strerrorname_np(errno);
	printf("DENIED %s %s\n", name ? name : "?", what);
	fflush(stdout);
	return 1;
}

/* The end of an attack that is one call. */
static inline int outcome(long result, const char *what)
{
	return result < 0 ? denied(what) : gained(what);
}

/* Prints what the descriptor holds: the harness looks for the secret in it. */
static inline int print_all(int fd)
{
	char buffer[4096];
	ssize_t length;
	if (fd < 0)
		return denied("open");
	while ((length = read(fd, buffer, sizeof buffer)) > 0)
		fwrite(buffer, 1, length, stdout);
	fflush(stdout);
	return length < 0 ? denied("read") : 0;
}
