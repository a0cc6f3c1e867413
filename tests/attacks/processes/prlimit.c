/* Changes a limit of another process (Processes, "prlimit"). */
#include "attack.h"

int main(int argc, char **argv)
{
	struct rlimit limit = { 77, 77 };
	tried();
	return outcome(syscall(SYS_prlimit64, atoi(argv[1]), RLIMIT_NOFILE, &limit, 0), "set the limit of open files to 77");
}
