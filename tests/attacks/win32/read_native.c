/* read_native PATH: the same by NtCreateFile with a name of the object manager, \??\unix\…. */
#include "win32.h"
#include <winternl.h>

int main(int argc, char **argv)
{
	UNICODE_STRING name;
	OBJECT_ATTRIBUTES attributes;
	IO_STATUS_BLOCK status;
	HANDLE file;
	tried();
	RtlInitUnicodeString(&name, named("native", argv[1]));
	InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
	NTSTATUS result = NtCreateFile(&file, GENERIC_READ | SYNCHRONIZE, &attributes, &status, NULL, 0, 7, FILE_OPEN,
				       FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
	SetLastError(result);
	return result ? denied("NtCreateFile") : print_all(file, "NtCreateFile");
}
