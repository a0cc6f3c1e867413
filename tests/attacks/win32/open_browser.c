/* open_browser URL: opens an address, for which Wine starts the desktop's browser. */
#include "win32.h"
#include <shellapi.h>

int main(int argc, char **argv)
{
	tried();
	return (INT_PTR)ShellExecuteA(NULL, "open", argv[1], NULL, NULL, SW_SHOWNORMAL) > 32 ? gained("opened") : denied("ShellExecute");
}
