/* delete_file WAY PATH: deletes a file. */
#include "win32.h"

int main(int argc, char **argv)
{
	tried();
	return DeleteFileW(named(argv[1], argv[2])) ? gained("deleted") : denied("DeleteFile");
}
