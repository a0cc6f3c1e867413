/* Handles its own page faults: the helper of many kernel exploits (Kernel surface, "userfaultfd"). */
#include "attack.h"

int main(int argc, char **argv)
{
	tried();
	return outcome(syscall(SYS_userfaultfd, 1 /* UFFD_USER_MODE_ONLY */ | O_CLOEXEC), "a userfaultfd");
}
