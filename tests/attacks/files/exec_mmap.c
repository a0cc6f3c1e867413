/* Maps a file of a noexec grant as code and jumps into it; with "mprotect" maps it for reading first (Files, "execute from a
 * noexec grant"). The file begins with machine code that returns 4242. */
#include "attack.h"

int main(int argc, char **argv)
{
	int late = !strcmp(argv[1], "mprotect"), fd = open(argv[2], O_RDONLY);
	tried();
	if (fd < 0)
		return denied("open");
	void *at = mmap(0, 4096, late ? PROT_READ : PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED)
		return denied("mmap PROT_EXEC");
	if (late && mprotect(at, 4096, PROT_READ | PROT_EXEC))
		return denied("mprotect PROT_EXEC");
	if (((int (*)(void))at)() == 4242)
		return gained("ran the file's code");
	return 1;
}
