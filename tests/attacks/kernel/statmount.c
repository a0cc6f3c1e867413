/* Asks statmount about the mount of / (pitfall 13). */
#include "attack.h"
#include <linux/stat.h>

int main(int argc, char **argv)
{
	struct statx at;
	char answer[4096];
	struct { uint32_t size, spare; uint64_t id, param, ns; } ask = { 24, 0, 0, 0x3f };
	tried();
	if (statx(AT_FDCWD, "/", 0, 0x4000 /* STATX_MNT_ID_UNIQUE */, &at))
		denied("statx");
	ask.id = at.stx_mnt_id;
	return outcome(syscall(457 /* statmount */, &ask, answer, sizeof answer, 0), "what is mounted at /");
}
