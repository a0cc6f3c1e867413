/* cc: -shared -fPIC
 * A library that LD_PRELOAD brings in; speaks only inside the attack's own process. */
#include "attack.h"

__attribute__((constructor)) static void loaded(void)
{
	extern char *program_invocation_short_name;
	if (!strcmp(program_invocation_short_name, "preload_target"))
		gained("code by LD_PRELOAD");
}
