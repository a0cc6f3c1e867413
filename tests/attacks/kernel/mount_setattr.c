/* Changes the attributes of a mount (Kernel surface, "mount"). */
#include "attack.h"

int main(int argc, char **argv)
{
	struct { uint64_t set, clear, propagation, userns; } attributes = { .set = 2 /* NOSUID */ };
	tried();
	return outcome(syscall(442 /* mount_setattr */, AT_FDCWD, "/", 0, &attributes, sizeof attributes), "mount attributes");
}
