/* victim SECRET: another Windows program of the user's, in the Wine that is not lowbox's. It holds the secret in its memory and in a
 * named section, and prints READY. */
#include "win32.h"

int main(int argc, char **argv)
{
	static char secret[64];
	strncpy(secret, argv[1], sizeof secret - 1);
	HANDLE section = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 4096, L"Local\\LowboxVictim");
	char *shared = section ? MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, 4096) : NULL;
	if (!shared)
		return denied("the section");
	strcpy(shared, secret);
	printf("READY pid=%lu address=%p\n", GetCurrentProcessId(), secret);
	fflush(stdout);
	Sleep(600000);
	return 0;
}
