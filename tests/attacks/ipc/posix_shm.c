/* Reads POSIX shared memory of another process (IPC). */
#include "attack.h"

int main(int argc, char **argv)
{
	tried();
	return print_all(shm_open(argv[1], O_RDONLY, 0));
}
