/* Makes a socket of a family, type and protocol that reach the kernel or beyond the machine (Kernel surface, "raw sockets,
 * netlink, vsock, AF_ALG"); the arguments are 64 bits wide, of which the kernel reads 32 (pitfall 6). */
#include "attack.h"

int main(int argc, char **argv)
{
	tried();
	return outcome(syscall(SYS_socket, strtoul(argv[1], 0, 0), strtoul(argv[2], 0, 0), strtoul(argv[3], 0, 0)), "a socket");
}
