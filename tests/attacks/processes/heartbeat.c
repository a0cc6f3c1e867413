/* Goes on whatever happens to the launcher: ignores what can be ignored, writes a beat to a file in a writable grant every
 * 20 ms for 10 s (Processes, "keep running after the launcher ends"; pitfall 9). */
#include "attack.h"

int main(int argc, char **argv)
{
	for (int sig = 1; sig < 32; sig++)
		signal(sig, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, 0);
	int fd = open(argv[1], O_CREAT | O_APPEND | O_WRONLY, 0644);
	tried();
	if (fd < 0)
		return denied("open");
	say("READY", "");
	for (int i = 0; i < 500; i++) {
		write(fd, ".", 1);
		usleep(20000);
	}
	return 0;
}
