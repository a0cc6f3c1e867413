/* Queues signals for itself that it never takes: they are counted per user of the host, and so are everybody's timers (pitfall 12). */
#include "attack.h"

int main(int argc, char **argv)
{
	sigset_t blocked;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &blocked, 0);
	tried();
	for (int queued = 0; queued < 4000; queued++)
		if (sigqueue(getpid(), SIGRTMIN, (union sigval){ 0 })) {
			denied("sigqueue");
			break;
		}
	say("READY", "");
	sleep(20);
	return 0;
}
