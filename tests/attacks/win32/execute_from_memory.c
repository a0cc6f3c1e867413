/* execute_from_memory FILE PATH: copies a program of Linux's into memory and executes it from there; it prints PATH. */
#include "win32.h"
#include "linux.h"

int main(int argc, char **argv)
{
	static char buffer[65536];
	char *arguments[] = { "cat", linux_path(argv[2]), NULL };
	char *environment[] = { NULL };
	int64_t length, program = LINUX(L_open, linux_path(argv[1]), 0, 0);
	int64_t memory = LINUX(L_memfd_create, "evil", 1, 0);
	tried();
	if (program < 0 || memory < 0)
		return linux_denied(program < 0 ? program : memory, "memfd_create");
	while ((length = LINUX(L_read, program, buffer, sizeof buffer)) > 0)
		LINUX(L_write, memory, buffer, length);
	return linux_denied(LINUX5(L_execveat, memory, "", arguments, environment, 0x1000), "execveat");
}
