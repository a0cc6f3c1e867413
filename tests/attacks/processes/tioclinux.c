/* Asks the virtual console for its state by the call that can also paste into it (Processes, "TIOCLINUX"). */
#include "attack.h"

int main(int argc, char **argv)
{
	char command[8] = { 6 /* TL_GETSHIFTSTATE */ };
	tried();
	return outcome(syscall(SYS_ioctl, 0, strtoul(argv[1], 0, 16), command), "the console's shift state");
}
