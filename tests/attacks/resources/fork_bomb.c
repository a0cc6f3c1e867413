/* Starts 400 processes that stay (Resources, "fork bomb"; --pids is far below that). The harness looks whether it can still
 * start one. */
#include "attack.h"

int main(int argc, char **argv)
{
	char text[64];
	int count = 0;
	tried();
	for (; count < 400; count++) {
		pid_t pid = fork();
		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			pause();
			_exit(0);
		}
		if (pid < 0) {
			denied("fork");
			break;
		}
	}
	snprintf(text, sizeof text, "%d processes", count);
	if (count == 400)
		gained(text);
	usleep(300000);
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	return 0;
}
