/* Sets the clock, to what it is (Kernel surface). */
#include "attack.h"
#include <sys/time.h>

int main(int argc, char **argv)
{
	struct timeval now;
	gettimeofday(&now, 0);
	tried();
	return outcome(settimeofday(&now, 0), "set the clock");
}
