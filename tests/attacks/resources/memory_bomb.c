/* Takes and fills 1 GiB (Resources, "memory bomb"; --memory is a quarter of that). */
#include "attack.h"

int main(int argc, char **argv)
{
	tried();
	for (int i = 0; i < 64; i++) {
		char *at = mmap(0, 1 << 24, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (at == MAP_FAILED)
			return denied("mmap");
		for (int page = 0; page < 1 << 24; page += 4096)
			at[page] = 1;
	}
	return gained("1 GiB");
}
