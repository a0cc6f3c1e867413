/* Reads System V shared memory of another process, by key and by identifier (IPC). */
#include "attack.h"
#include <sys/shm.h>

int main(int argc, char **argv)
{
	tried();
	int segment = shmget(atoi(argv[1]), 0, 0);
	if (segment < 0)
		denied("shmget");
	char *at = shmat(segment < 0 ? atoi(argv[2]) : segment, 0, SHM_RDONLY);
	return at == (void *)-1 ? denied("shmat") : (say("READ", at), 0);
}
