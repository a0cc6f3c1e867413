/* A launcher as careless as the attacks hope for: fork, exec, wait. The unconfined side of attacks on the launcher. */
#include "attack.h"

int main(int argc, char **argv)
{
	int status;
	pid_t child = fork();
	if (child == 0) {
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	waitpid(child, &status, 0);
	return WEXITSTATUS(status);
}
