/* Plants a key in the session keyring (Kernel surface, "add_key"). */
#include "attack.h"

int main(int argc, char **argv)
{
	tried();
	return syscall(SYS_add_key, "user", "lowbox-planted", "x", 1, -3) < 0 ? denied("add_key") : 0;
}
