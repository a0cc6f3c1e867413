/* Reads the log of the kernel (Kernel surface). */
#include "attack.h"

int main(int argc, char **argv)
{
	char text[256];
	tried();
	return outcome(syscall(SYS_syslog, 3 /* READ_ALL */, text, sizeof text), "the log of the kernel");
}
