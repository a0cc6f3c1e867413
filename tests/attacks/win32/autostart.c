/* autostart NAME: registers a program that starts whenever this Wine does. */
#include "win32.h"

int main(int argc, char **argv)
{
	static const char COMMAND[] = "cmd /c echo evil";
	HKEY key;
	tried();
	LSTATUS result = RegCreateKeyA(HKEY_CURRENT_USER, "Software\\Microsoft\\Windows\\CurrentVersion\\Run", &key);
	if (!result)
		result = RegSetValueExA(key, argv[1], 0, REG_SZ, (const BYTE *)COMMAND, sizeof COMMAND);
	SetLastError(result);
	return result ? denied("the registry") : gained("registered");
}
