/* connect_unix NAME: connects to a socket of the host's by Linux's own calls; @NAME is an abstract one. */
#include "win32.h"
#include "linux.h"

int main(int argc, char **argv)
{
	struct { uint16_t family; char path[108]; } to = { 1, "" };
	const char *name = linux_path(argv[1]);
	size_t length = strlen(name);
	tried();
	memcpy(to.path, name, length);
	if (to.path[0] == '@')
		to.path[0] = 0;
	int64_t s = LINUX(L_socket, 1, 1, 0);
	if (s < 0)
		return linux_denied(s, "socket");
	int64_t result = LINUX(L_connect, s, &to, 2 + length + (to.path[0] != 0));
	if (result < 0)
		return linux_denied(result, "connect");
	/* The other side keeps the connection, so there is no end to wait for. */
	char said[256];
	int64_t got = LINUX(L_read, s, said, sizeof said);
	if (got > 0)
		fwrite(said, 1, got, stdout);
	return gained("connect");
}
