/* Makes the root and a read-only grant writable by remounting (Kernel surface, "mount"). */
#include "attack.h"

int main(int argc, char **argv)
{
	tried();
	if (mount("/tmp", "/tmp", 0, MS_BIND, 0))
		denied("bind");
	return outcome(mount(0, "/tmp", 0, MS_REMOUNT | MS_BIND | MS_NOSUID, 0), "remounted");
}
