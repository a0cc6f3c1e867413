/* Loads another kernel, of no segments (Kernel surface, "kexec"). */
#include "attack.h"

int main(int argc, char **argv)
{
	tried();
	return outcome(syscall(SYS_kexec_load, 0, 0, 0, 0), "kexec");
}
