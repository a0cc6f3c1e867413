/* Takes more than a part of the inotify watches that the user has (pitfall 12: counted per user of the host). */
#include "attack.h"
#include <sys/inotify.h>

int main(int argc, char **argv)
{
	char at[4096];
	int added = 0, watcher = inotify_init();
	tried();
	for (; added < 17000; added++) { /* a watch for each file */
		snprintf(at, sizeof at, "%s/%d", argv[1], added);
		close(open(at, O_WRONLY | O_CREAT, 0644));
		if (inotify_add_watch(watcher, at, IN_MODIFY) < 0) {
			denied("inotify_add_watch");
			break;
		}
	}
	say("READY", "");
	sleep(20);
	return 0;
}
