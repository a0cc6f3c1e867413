/* Uses a standard descriptor that is a folder (also O_PATH): opens, links and changes files beneath it (pitfall 5). */
#include "attack.h"

int main(int argc, char **argv)
{
	int folder = atoi(argv[1]);
	const char *path = argv[2] + 1;
	char other[4096];
	struct stat at;
	struct timespec times[2] = { { 1, 0 }, { 1, 0 } };
	snprintf(other, sizeof other, "%s.linked", path);
	tried();
	if (fstatat(folder, path, &at, 0))
		denied("fstatat");
	if (fchmodat(folder, path, 0640, 0))
		denied("fchmodat");
	if (utimensat(folder, path, times, 0))
		denied("utimensat");
	if (linkat(folder, path, folder, other, 0))
		denied("linkat");
	return print_all(openat(folder, path, O_RDONLY));
}
