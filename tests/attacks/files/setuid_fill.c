/* Puts code of its own into a set-uid file of root's through a shared mapping, which keeps the bit; opens the folder above it
 * first (Files, "setuid"). */
#include "attack.h"

int main(int argc, char **argv)
{
	char at[4096];
	snprintf(at, sizeof at, "%s/tool", argv[1]);
	tried();
	if (chmod(argv[1], 0755))
		denied("chmod of the folder");
	int fd = open(at, O_RDWR);
	if (fd < 0)
		return denied("open");
	char *text = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (text == MAP_FAILED)
		return denied("mmap");
	memcpy(text, "#!/evil", 7);
	return gained("wrote into a set-uid file");
}
