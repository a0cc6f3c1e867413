/* Creates a BPF map (Kernel surface, "bpf"). */
#include "attack.h"
#include <linux/bpf.h>

int main(int argc, char **argv)
{
	union bpf_attr how = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1 };
	tried();
	return outcome(syscall(SYS_bpf, BPF_MAP_CREATE, &how, sizeof how), "a BPF map");
}
