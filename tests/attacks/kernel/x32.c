/* Makes a call of the x32 ABI, whose numbers have a high bit (Kernel surface, "x32 calls"). */
#include "attack.h"

int main(int argc, char **argv)
{
	tried();
	return outcome(syscall(SYS_getpid | 0x40000000), "an x32 call");
}
