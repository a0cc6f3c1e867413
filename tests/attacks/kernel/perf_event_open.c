/* Opens a performance counter (Kernel surface, "perf_event_open"). */
#include "attack.h"
#include <linux/perf_event.h>

int main(int argc, char **argv)
{
	struct perf_event_attr how = { .type = PERF_TYPE_SOFTWARE, .size = sizeof how, .config = PERF_COUNT_SW_TASK_CLOCK };
	how.exclude_kernel = how.exclude_hv = 1;
	tried();
	return outcome(syscall(SYS_perf_event_open, &how, 0, -1, -1, 0), "a counter");
}
