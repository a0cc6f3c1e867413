/* Makes a file with the setuid bit in a writable grant by every call that takes a mode; under root such a file would belong to
 * root (Files, "setuid programs"). */
#include "attack.h"

int main(int argc, char **argv)
{
	char at[4096];
	tried();
	if (chdir(argv[1]))
		return denied("chdir");
	umask(0);
	int fd = open("by-open", O_CREAT | O_WRONLY, 06755);
	if (fd < 0)
		denied("open");
	if (mknod("by-mknod", S_IFREG | 06755, 0))
		denied("mknod");
	const char *names[] = { "by-chmod", "by-fchmod", "by-fchmodat", "by-fchmodat2", "by-proc-fd", "by-high-bits" };
	for (int i = 0; i < 6; i++) {
		fd = open(names[i], O_CREAT | O_WRONLY, 0755);
		if (fd < 0)
			return denied("create");
		snprintf(at, sizeof at, "/proc/self/fd/%d", fd);
		long result = i == 0   ? syscall(SYS_chmod, names[i], 06755)
			      : i == 1 ? syscall(SYS_fchmod, fd, 06755)
			      : i == 2 ? syscall(SYS_fchmodat, AT_FDCWD, names[i], 06755)
			      : i == 3 ? syscall(452 /* fchmodat2 */, AT_FDCWD, names[i], 06755, 0)
			      : i == 4 ? syscall(SYS_chmod, at, 06755)
				       : syscall(SYS_chmod, names[i], 06755 | 1L << 32);
		if (result)
			denied(names[i]);
	}
	struct { uint64_t flags, mode, resolve; } how = { O_CREAT | O_WRONLY, 06755, 0 };
	if (syscall(SYS_openat2, AT_FDCWD, "by-openat2", &how, sizeof how) < 0)
		denied("openat2");
	return 0;
}
