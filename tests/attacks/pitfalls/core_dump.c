/* Crashes, to have the host's core handler, which runs as root outside, work on its memory; sets the size limit that a pipe handler
 * ignores (pitfall 13, "core dumps to a pipe handler"). */
#include "attack.h"

int main(int argc, char **argv)
{
	struct rlimit limit = { 0, 0 };
	getrlimit(RLIMIT_CORE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_CORE, &limit);
	if (limit.rlim_cur == 1) { /* 1 means "never to a pipe"; 0 does not */
		limit.rlim_cur = 0;
		setrlimit(RLIMIT_CORE, &limit);
	}
	prctl(PR_SET_DUMPABLE, 1);
	tried();
	signal(SIGABRT, SIG_DFL);
	abort();
}
