/* Writes a local descriptor table entry (Kernel surface, "modify_ldt"). */
#include "attack.h"
#include <asm/ldt.h>

int main(int argc, char **argv)
{
	struct user_desc entry = { .limit = 0xfffff, .seg_32bit = 1, .limit_in_pages = 1, .useable = 1 };
	tried();
	return outcome(syscall(SYS_modify_ldt, 1, &entry, sizeof entry), "an LDT entry");
}
