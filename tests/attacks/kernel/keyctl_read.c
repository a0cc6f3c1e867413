/* Reads a key of the session keyring (Kernel surface, "keyctl (session keyring)"). */
#include "attack.h"

int main(int argc, char **argv)
{
	char text[256] = "";
	tried();
	long key = syscall(SYS_keyctl, 10 /* SEARCH */, -3, "user", "lowbox-victim", 0);
	if (key < 0)
		return denied("search");
	if (syscall(SYS_keyctl, 11 /* READ */, key, text, sizeof text - 1) < 0)
		return denied("read");
	return say("READ", text), 0;
}
