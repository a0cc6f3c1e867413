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
	return result < 0 ? linux_denied(result, "connect") : linux_print_all(s, "connect");
}
