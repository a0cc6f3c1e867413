/* Finds a key by request_key, reads it (Kernel surface, "keyctl"). */
#include "attack.h"

int main(int argc, char **argv)
{
	char text[256] = "";
	tried();
	long key = syscall(SYS_request_key, "user", "lowbox-victim", 0, 0);
	if (key < 0)
		return denied("request_key");
	if (syscall(SYS_keyctl, 11 /* READ */, key, text, sizeof text - 1) < 0)
		return denied("read");
	return say("READ", text), 0;
}
