/* start_native HOW FILE: has a program of Linux's make a file: by `start /unix`, by CreateProcess of \\?\unix\bin\sh or of /bin/sh,
 * by fork and execve. */
#include "win32.h"
#include "linux.h"

static int create(const wchar_t *program, const char *script)
{
	STARTUPINFOW start = { .cb = sizeof start };
	PROCESS_INFORMATION process;
	wchar_t line[4096];
	swprintf(line, 4096, L"sh -c \"%hs\"", script);
	if (!CreateProcessW(program, line, NULL, NULL, FALSE, 0, NULL, NULL, &start, &process))
		return denied("CreateProcess");
	WaitForSingleObject(process.hProcess, 10000);
	return gained("started");
}

int main(int argc, char **argv)
{
	char script[4096];
	snprintf(script, sizeof script, "echo evil > %s", linux_path(argv[2]));
	tried();
	if (!strcmp(argv[1], "unix"))
		return create(L"\\\\?\\unix\\bin\\sh", script);
	if (!strcmp(argv[1], "absolute"))
		return create(L"/bin/sh", script);
	if (!strcmp(argv[1], "start")) {
		char line[4096];
		snprintf(line, sizeof line, "start /wait /unix /bin/sh -c \"%s\"", script);
		return system(line) ? denied("start /unix") : gained("started");
	}
	char *arguments[] = { "sh", "-c", script, NULL };
	int64_t child = LINUX0(L_fork);
	if (child == 0) {
		LINUX(59, "/bin/sh", arguments, NULL);
		LINUX(L_exit, 1, 0, 0);
	}
	if (child < 0)
		return linux_denied(child, "fork");
	LINUX5(L_wait4, child, NULL, 0, NULL, 0);
	return gained("started");
}
