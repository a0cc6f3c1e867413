/* What every Windows attack shares. TRIED, GAINED and DENIED mean what they mean in ../common/attack.h. Built by mingw, run by Wine. */
#define WIN32_LEAN_AND_MEAN
#include <winsock2.h>
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void say(const char *word, const char *what)
{
	printf("%s %s\n", word, what);
	fflush(stdout);
}

static inline void tried(void)
{
	say("TRIED", "");
}

static inline int gained(const char *what)
{
	say("GAINED", what);
	return 0;
}

static inline int denied(const char *what)
{
	printf("DENIED %lu %s\n", GetLastError(), what);
	fflush(stdout);
	return 1;
}

/* A path of Linux's among the arguments. It begins with "=", since lowbox gives paths that the container has their Windows names. */
static inline char *linux_path(char *argument)
{
	return argument + (*argument == '=');
}

/* The Windows name of an absolute Linux path, by one of the ways in which Wine takes such names. */
static inline const wchar_t *named(const char *way, char *argument)
{
	static const struct { const char *way; const wchar_t *front; int slashes; } WAYS[] = {
		{ "drive", L"Z:", 0 },
		{ "long-drive", L"\\\\?\\Z:", 0 },
		{ "device-drive", L"\\\\.\\Z:", 0 },
		{ "unix", L"\\\\?\\unix", 0 },
		{ "device-unix", L"\\\\.\\unix", 0 },
		{ "absolute", L"", 1 },
		{ "native", L"\\??\\unix", 0 },
		{ "relative", L"..\\..\\..\\..\\..\\..\\..\\..", 0 },
	};
	static wchar_t name[4096];
	const char *path = linux_path(argument);
	for (size_t i = 0; i < sizeof WAYS / sizeof *WAYS; i++) {
		if (strcmp(WAYS[i].way, way))
			continue;
		int front = wcslen(wcscpy(name, WAYS[i].front));
		MultiByteToWideChar(CP_UTF8, 0, path, -1, name + front, 4096 - front);
		for (wchar_t *c = name + front; *c && !WAYS[i].slashes; c++)
			if (*c == '/')
				*c = '\\';
		return name;
	}
	printf("no such way: %s\n", way);
	exit(2);
}

/* Prints what a file holds: the harness looks for the secret in it. */
static inline int print_all(HANDLE file, const char *what)
{
	char buffer[4096];
	DWORD length;
	if (file == INVALID_HANDLE_VALUE)
		return denied(what);
	while (ReadFile(file, buffer, sizeof buffer, &length, NULL) && length)
		fwrite(buffer, 1, length, stdout);
	fflush(stdout);
	return 0;
}
