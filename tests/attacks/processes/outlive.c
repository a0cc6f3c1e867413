/* Keeps running after the launcher has ended: double fork and a session of its own (Processes, "keep running after the
 * launcher ends"). Writes a file in a writable grant one second later. */
#include "attack.h"

int main(int argc, char **argv)
{
	tried();
	if (fork() == 0) {
		setsid();
		if (fork() == 0) {
			signal(SIGHUP, SIG_IGN);
			signal(SIGTERM, SIG_IGN);
			sleep(1);
			close(open(argv[1], O_CREAT | O_WRONLY, 0644));
			_exit(0);
		}
		_exit(0);
	}
	wait(0);
	return 0;
}
