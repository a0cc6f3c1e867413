/* Takes a lease on a file of a read-only grant: the host's next writer hangs until it breaks (pitfall 13, "leases on
 * grants"). */
#include "attack.h"

int main(int argc, char **argv)
{
	signal(SIGIO, SIG_IGN);
	tried();
	int fd = open(argv[1], O_RDONLY);
	if (fd < 0)
		return denied("open");
	if (fcntl(fd, F_SETLEASE, F_RDLCK))
		denied("F_SETLEASE");
	say("READY", "");
	usleep(500000);
	return 0;
}
