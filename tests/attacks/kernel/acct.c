/* Turns process accounting on (Kernel surface). */
#include "attack.h"

int main(int argc, char **argv)
{
	close(open(argv[1], O_CREAT | O_RDWR, 0600));
	tried();
	long result = acct(argv[1]);
	if (result == 0)
		acct(0);
	return outcome(result, "process accounting");
}
