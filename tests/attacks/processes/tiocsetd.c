/* Puts another line discipline on the user's terminal: code of the kernel that nobody uses (Processes, in the manner of TIOCLINUX;
 * the discipline is put back). */
#include "attack.h"
#include <termios.h>

int main(int argc, char **argv)
{
	int discipline = 27 /* N_NULL */, usual = N_TTY;
	tried();
	long result = syscall(SYS_ioctl, 0, strtoul(argv[1], 0, 16), &discipline);
	ioctl(0, TIOCSETD, &usual);
	return outcome(result, "another line discipline");
}
