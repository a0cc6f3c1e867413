/* Lists mounts by listmount and asks statmount about the first (pitfall 13). */
#include "attack.h"

int main(int argc, char **argv)
{
	struct { uint32_t size, spare; uint64_t id, param, ns; } ask = { 24, 0, ~0UL /* LSMT_ROOT */ };
	uint64_t ids[64];
	tried();
	return outcome(syscall(458 /* listmount */, &ask, ids, 64, 0), "the list of mounts");
}
