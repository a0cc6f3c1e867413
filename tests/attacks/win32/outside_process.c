/* outside_process HOW PID [ADDRESS|FD]: at an outside process by Linux's own calls. Reading prints its memory; "kill" ends it. */
#include "win32.h"
#include "linux.h"

int main(int argc, char **argv)
{
	static char memory[64], path[64];
	int64_t pid = atoi(argv[2]), result;
	uint64_t address = argc > 3 ? strtoull(argv[3], NULL, 0) : 0;
	struct { void *base; uint64_t length; } to = { memory, 64 }, from = { (void *)address, 64 };
	tried();
	if (!strcmp(argv[1], "kill"))
		return linux_outcome(LINUX(L_kill, pid, 9, 0), "kill");
	if (!strcmp(argv[1], "environ")) {
		snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
		return print_all(CreateFileW(named("unix", path), GENERIC_READ, 7, NULL, OPEN_EXISTING, 0, NULL), "environ");
	}
	if (!strcmp(argv[1], "vm"))
		result = LINUX6(L_process_vm_readv, pid, &to, 1, &from, 1, 0);
	else if (!strcmp(argv[1], "mem")) {
		snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
		result = LINUX(L_open, path, 0, 0);
		if (result >= 0)
			result = LINUX5(L_pread64, result, memory, 64, address, 0);
	} else if (!strcmp(argv[1], "descriptor")) {
		result = LINUX(L_pidfd_open, pid, 0, 0);
		if (result >= 0)
			result = LINUX(L_pidfd_getfd, result, (int)address, 0);
		if (result >= 0)
			result = LINUX5(L_pread64, result, memory, 64, 0, 0);
	} else {
		uint64_t word = 0;
		result = LINUX(L_ptrace, 16, pid, 0); /* PTRACE_ATTACH */
		if (result >= 0) {
			LINUX5(L_wait4, pid, NULL, 0x40000000, NULL, 0);
			for (int i = 0; i < 64 && result >= 0; i += 8) {
				result = LINUX5(L_ptrace, 2, pid, address + i, &word, 0); /* PTRACE_PEEKDATA */
				memcpy(memory + i, &word, 8);
			}
			LINUX5(L_ptrace, 17, pid, 0, 0, 0);
		}
	}
	printf("%.64s\n", memory);
	return linux_outcome(result, argv[1]);
}
