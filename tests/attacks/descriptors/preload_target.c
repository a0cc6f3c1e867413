/* Does nothing: the library that LD_PRELOAD names speaks when it gets in here (Descriptors, "LD_PRELOAD"). */
#include "attack.h"

int main(void)
{
	tried();
	return 0;
}
