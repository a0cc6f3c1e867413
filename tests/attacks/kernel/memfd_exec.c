/* Runs a program from memory, which is allowed, and reads a secret from there: it must gain nothing (pitfall 13). */
#include "attack.h"

int main(int argc, char **argv)
{
	char buffer[65536];
	ssize_t length;
	int fd = memfd_create("attack", 0), source = open("/bin/cat", O_RDONLY);
	tried();
	while ((length = read(source, buffer, sizeof buffer)) > 0)
		write(fd, buffer, length);
	char *arguments[] = { "cat", argv[1], 0 }, *environment[] = { 0 };
	syscall(SYS_execveat, fd, "", arguments, environment, AT_EMPTY_PATH);
	return denied("execveat");
}
