/* Takes an I/O port (Kernel surface). */
#include "attack.h"

int main(int argc, char **argv)
{
	tried();
	return outcome(syscall(SYS_ioperm, 0x80, 1, 1), "an I/O port");
}
