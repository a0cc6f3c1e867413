/* Makes all readable memory executable, as old binaries want it (Kernel surface, "personality"). */
#include "attack.h"
#include <sys/personality.h>

int main(int argc, char **argv)
{
	tried();
	return outcome(syscall(SYS_personality, READ_IMPLIES_EXEC | ADDR_NO_RANDOMIZE), "another personality");
}
