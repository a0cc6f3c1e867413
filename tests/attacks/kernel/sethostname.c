/* Renames the machine, to what it is called (Kernel surface). */
#include "attack.h"

int main(int argc, char **argv)
{
	char name[65] = "";
	gethostname(name, 64);
	tried();
	return outcome(sethostname(name, strlen(name)), "set the host name");
}
