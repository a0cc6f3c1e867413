/* Makes a 32-bit call, whose numbers a 64-bit filter misreads (Kernel surface, "int 0x80"). */
#include "attack.h"

int main(int argc, char **argv)
{
	long result;
	tried();
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(20 /* getpid */) : "memory", "r8", "r9", "r10", "r11");
	if (result != getpid()) {
		errno = result < 0 ? -result : ENOSYS;
		return denied("int 0x80");
	}
	return gained("a 32-bit call");
}
