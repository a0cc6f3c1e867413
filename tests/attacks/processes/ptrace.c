/* Traces a process and reads its memory (Processes, "ptrace"). */
#include "attack.h"
#include <sys/ptrace.h>

int main(int argc, char **argv)
{
	pid_t pid = atoi(argv[1]);
	unsigned long at = strtoul(argv[2], 0, 16);
	char text[65] = "";
	tried();
	if (ptrace(PTRACE_SEIZE, pid, 0, 0) && ptrace(PTRACE_ATTACH, pid, 0, 0))
		return denied("attach");
	ptrace(PTRACE_INTERRUPT, pid, 0, 0);
	waitpid(pid, 0, __WALL);
	gained("attached");
	for (int i = 0; i < 64; i += 8) {
		long word = ptrace(PTRACE_PEEKDATA, pid, at + i, 0);
		memcpy(text + i, &word, 8);
	}
	return say("READ", text), 0;
}
