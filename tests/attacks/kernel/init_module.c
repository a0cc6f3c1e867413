/* Loads a kernel module; a malformed one is far enough (Kernel surface, "init_module"). */
#include "attack.h"

int main(int argc, char **argv)
{
	char module[64] = "not a module";
	tried();
	if (syscall(SYS_init_module, module, sizeof module, "") < 0 && errno != ENOEXEC)
		return denied("init_module");
	return gained("the module loader read it");
}
