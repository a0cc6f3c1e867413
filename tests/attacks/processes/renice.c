/* Changes the priority, the I/O priority and the processors of another process (Processes, in the manner of prlimit). */
#include "attack.h"

int main(int argc, char **argv)
{
	pid_t pid = atoi(argv[1]);
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	tried();
	if (!setpriority(PRIO_PROCESS, pid, 7))
		gained("its priority");
	else
		denied("setpriority");
	if (!syscall(SYS_ioprio_set, 1, pid, 3 << 13))
		gained("its I/O priority");
	else
		denied("ioprio_set");
	return outcome(sched_setaffinity(pid, sizeof set, &set), "its processors");
}
