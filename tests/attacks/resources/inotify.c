/* Takes every inotify instance that the user has (pitfall 12: counted per user of the host). */
#include "attack.h"
#include <sys/inotify.h>

int main(int argc, char **argv)
{
	tried();
	for (int i = 0; i < 8; i++) /* each process has a table of its own to fill */
		if (fork() == 0) {
			while (inotify_init() >= 0)
				;
			if (i == 0)
				denied("inotify_init");
			usleep(900000);
			_exit(0);
		}
	usleep(300000);
	say("READY", "");
	while (wait(0) > 0)
		;
	return 0;
}
