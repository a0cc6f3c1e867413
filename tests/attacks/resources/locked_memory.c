/* Locks all the shared memory that the user may lock (pitfall 12: RLIMIT_MEMLOCK is counted per user of the host for SHM_LOCK). */
#include "attack.h"
#include <sys/shm.h>

int main(void)
{
	tried();
	for (;;) {
		int segment = shmget(IPC_PRIVATE, 1 << 20, 0600);
		if (shmctl(segment, SHM_LOCK, 0)) {
			denied("SHM_LOCK");
			shmctl(segment, IPC_RMID, 0);
			break;
		}
		shmat(segment, 0, 0); /* ends with the process */
		shmctl(segment, IPC_RMID, 0);
	}
	say("READY", "");
	sleep(20);
	return 0;
}
