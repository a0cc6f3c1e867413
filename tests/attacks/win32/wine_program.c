/* wine_program HOW ADDRESS: at another program of Wine's (victim.exe), as Windows lets programs of one user: reads its memory, ends it, opens
 * its named section. */
#include "win32.h"
#include <tlhelp32.h>

static DWORD find(const wchar_t *name)
{
	PROCESSENTRY32W entry = { .dwSize = sizeof entry };
	HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
	for (BOOL more = Process32FirstW(all, &entry); more; more = Process32NextW(all, &entry))
		if (!wcsicmp(entry.szExeFile, name))
			return entry.th32ProcessID;
	return 0;
}

int main(int argc, char **argv)
{
	char secret[64] = "";
	SIZE_T length;
	tried();
	if (!strcmp(argv[1], "section")) {
		HANDLE section = OpenFileMappingW(FILE_MAP_READ, FALSE, L"Local\\LowboxVictim");
		const char *shared = section ? MapViewOfFile(section, FILE_MAP_READ, 0, 0, 4096) : NULL;
		return shared ? gained(shared) : denied("OpenFileMapping");
	}
	DWORD pid = find(L"victim.exe");
	HANDLE process = pid ? OpenProcess(PROCESS_ALL_ACCESS, FALSE, pid) : NULL;
	if (!process)
		return denied("OpenProcess");
	if (!strcmp(argv[1], "end"))
		return TerminateProcess(process, 1) ? gained("ended it") : denied("TerminateProcess");
	if (!ReadProcessMemory(process, (void *)strtoull(argv[2], NULL, 16), secret, 63, &length))
		return denied("ReadProcessMemory");
	return gained(secret);
}
