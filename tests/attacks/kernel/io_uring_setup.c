/* Opens a ring whose requests no filter sees (Kernel surface, "io_uring_setup"). */
#include "attack.h"
#include <linux/io_uring.h>

int main(int argc, char **argv)
{
	struct io_uring_params how = { 0 };
	tried();
	return outcome(syscall(SYS_io_uring_setup, 4, &how), "a ring");
}
