/* Takes a message out of another process's POSIX queue (IPC). */
#include "attack.h"
#include <mqueue.h>

int main(int argc, char **argv)
{
	char text[8193] = "";
	tried();
	mqd_t queue = mq_open(argv[1], O_RDONLY | O_NONBLOCK);
	if (queue < 0)
		return denied("mq_open");
	if (mq_receive(queue, text, 8192, 0) < 0)
		return denied("mq_receive");
	return say("READ", text), 0;
}
