/* connect_tcp HOW PORT: connects to a service on the host's loopback address, by Winsock or by Linux's own calls; "fast" by a send that connects;
 * "udp" sends a datagram. */
#include "win32.h"
#include "linux.h"

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[2])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	WSADATA data;
	WSAStartup(0x202, &data);
	int datagram = !strcmp(argv[1], "udp");
	tried();
	if (!strcmp(argv[1], "winsock") || datagram) {
		SOCKET s = socket(AF_INET, datagram ? SOCK_DGRAM : SOCK_STREAM, 0);
		int result = datagram ? sendto(s, "evil", 4, 0, (struct sockaddr *)&to, sizeof to)
				      : connect(s, (struct sockaddr *)&to, sizeof to);
		SetLastError(WSAGetLastError());
		return result < 0 ? denied("Winsock") : gained("sent");
	}
	int64_t s = LINUX(L_socket, 2, 1, 0);
	if (s < 0)
		return linux_denied(s, "socket");
	if (!strcmp(argv[1], "fast"))
		return linux_outcome(LINUX6(L_sendto, s, "evil", 4, 0x20000000, &to, sizeof to), "sendto");
	return linux_outcome(LINUX(L_connect, s, &to, sizeof to), "connect");
}
