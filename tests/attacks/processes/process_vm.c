/* Reads or writes the memory of another process by process_vm_readv, process_vm_writev (Processes, "process_vm_writev").
 * EFAULT counts: the kernel has let it in and only the address was wrong. */
#include "attack.h"

int main(int argc, char **argv)
{
	char text[65] = "overwritten";
	struct iovec here = { text, 64 }, there = { (void *)strtoul(argv[3], 0, 16), 64 };
	long result;
	tried();
	if (!strcmp(argv[1], "write"))
		result = process_vm_writev(atoi(argv[2]), &here, 1, &there, 1, 0);
	else
		result = process_vm_readv(atoi(argv[2]), &here, 1, &there, 1, 0);
	if (result < 0 && errno != EFAULT)
		return denied("process_vm");
	gained("the other process's memory");
	return say("READ", text), 0;
}
