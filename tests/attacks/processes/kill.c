/* Kills a process by each call that can (Processes, "kill"). */
#include "attack.h"

int main(int argc, char **argv)
{
	pid_t pid = atoi(argv[2]);
	int sig = atoi(argv[3]);
	siginfo_t info = { .si_signo = sig, .si_code = SI_QUEUE };
	long result = -1;
	tried();
	if (!strcmp(argv[1], "kill"))
		result = kill(pid, sig);
	else if (!strcmp(argv[1], "tgkill"))
		result = syscall(SYS_tgkill, pid, pid, sig);
	else if (!strcmp(argv[1], "tkill"))
		result = syscall(SYS_tkill, pid, sig);
	else if (!strcmp(argv[1], "sigqueue"))
		result = syscall(SYS_rt_sigqueueinfo, pid, sig, &info);
	else if (!strcmp(argv[1], "pidfd")) {
		int fd = syscall(SYS_pidfd_open, pid, 0);
		if (fd < 0)
			return denied("pidfd_open");
		result = syscall(SYS_pidfd_send_signal, fd, sig, 0, 0);
	}
	return outcome(result, "sent a signal");
}
