/* What an attack wants to have executed: puts its proof together at run time, so that reading the file shows nothing. */
#include "attack.h"

int main(void)
{
	printf("%s%s uid %d euid %d\n", "PAYLOAD-", "RAN", getuid(), geteuid());
	if (getuid() != geteuid() || getgid() != getegid())
		return gained("another identity by the setuid bit");
	return 0;
}
