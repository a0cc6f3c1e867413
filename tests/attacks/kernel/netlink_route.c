/* Changes the network by netlink: gives lo another address (Kernel surface, "netlink"). */
#include "attack.h"
#include <linux/rtnetlink.h>
#include <arpa/inet.h>

int main(int argc, char **argv)
{
	struct { struct nlmsghdr head; struct ifaddrmsg body; struct rtattr attribute; uint32_t address; } request = {
		{ sizeof request, RTM_NEWADDR, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE, 1, 0 },
		{ AF_INET, 32, 0, 0, 1 }, { 8, IFA_LOCAL }, htonl(0x0a090909) };
	struct { struct nlmsghdr head; struct nlmsgerr body; char rest[256]; } answer = { 0 };
	tried();
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	if (fd < 0 || send(fd, &request, sizeof request, 0) < 0 || recv(fd, &answer, sizeof answer, 0) < 0)
		return denied("netlink");
	errno = -answer.body.error;
	return outcome(errno ? -1 : 0, "another address on lo");
}
