/* Takes a message out of another process's System V queue (IPC). */
#include "attack.h"
#include <sys/msg.h>

int main(int argc, char **argv)
{
	struct { long type; char text[256]; } message = { 0 };
	tried();
	int queue = msgget(atoi(argv[1]), 0);
	if (queue < 0)
		return denied("msgget");
	if (msgrcv(queue, &message, 255, 0, IPC_NOWAIT) < 0)
		return denied("msgrcv");
	return say("READ", message.text), 0;
}
