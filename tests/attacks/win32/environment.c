/* environment: prints every variable it has. */
#include "win32.h"

int main(int argc, char **argv)
{
	tried();
	for (const char *at = GetEnvironmentStringsA(); *at; at += strlen(at) + 1)
		printf("%s\n", at);
	return 0;
}
