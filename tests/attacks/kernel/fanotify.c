/* Watches a granted folder by fanotify (pitfall 13). */
#include "attack.h"
#include <sys/fanotify.h>

int main(int argc, char **argv)
{
	tried();
	int fd = syscall(SYS_fanotify_init, FAN_CLASS_NOTIF | FAN_REPORT_FID, O_RDONLY);
	if (fd < 0)
		return denied("fanotify_init");
	return outcome(syscall(SYS_fanotify_mark, fd, FAN_MARK_ADD, FAN_OPEN | FAN_EVENT_ON_CHILD, AT_FDCWD, argv[1]), "a watch");
}
