/* Types a command into the terminal, to be run by the shell that the user comes back to (Processes, "TIOCSTI"; pitfall 6: with
 * high bits set a 64-bit comparison in a filter misses it). */
#include "attack.h"

int main(int argc, char **argv)
{
	unsigned long request = strtoul(argv[1], 0, 16);
	const char *text = "echo typed\n";
	tried();
	for (const char *c = text; *c; c++)
		if (syscall(SYS_ioctl, 0, request, c))
			return denied("TIOCSTI");
	return gained("typed");
}
