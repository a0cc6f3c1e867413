/* read_by_drive FOLDER NAME: asks Wine's mount manager for a drive letter that stands for a folder of Linux's, and reads a file in it. */
#include "win32.h"
#include <winioctl.h>

/* Of Wine's mount manager: it has a request that no Windows has. */
struct unix_drive {
	ULONG size, type, fs_type;
	DWORD serial;
	ULONGLONG unix_dev;
	WCHAR letter;
	USHORT mount_point_offset, device_offset, label_offset;
};
#define DEFINE_UNIX_DRIVE CTL_CODE('m', 32, METHOD_BUFFERED, FILE_READ_ACCESS | FILE_WRITE_ACCESS)

int main(int argc, char **argv)
{
	static struct { struct unix_drive drive; char folder[4000]; } request;
	wchar_t name[4096] = L"Q:\\";
	DWORD length;
	tried();
	HANDLE manager = CreateFileW(L"\\\\.\\MountPointManager", GENERIC_READ | GENERIC_WRITE, 3, NULL, OPEN_EXISTING, 0, NULL);
	if (manager == INVALID_HANDLE_VALUE)
		return denied("the mount manager");
	strcpy(request.folder, linux_path(argv[1]));
	request.drive.size = sizeof request.drive + strlen(request.folder) + 1;
	request.drive.type = DRIVE_FIXED;
	request.drive.letter = 'q';
	request.drive.mount_point_offset = sizeof request.drive;
	if (!DeviceIoControl(manager, DEFINE_UNIX_DRIVE, &request, request.drive.size, NULL, 0, &length, NULL))
		return denied("a drive of its own");
	MultiByteToWideChar(CP_UTF8, 0, argv[2], -1, name + 3, 4000);
	return print_all(CreateFileW(name, GENERIC_READ, 7, NULL, OPEN_EXISTING, 0, NULL), "CreateFile");
}
