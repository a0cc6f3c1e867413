/* events files COUNT FOLDER: opens the files 0 to 999 of a folder in turn, COUNT times in all.
   events peers COUNT: connects a UDP socket to COUNT different addresses of the loopback interface, which sends nothing. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv) {
	long count = argc > 2 ? atol(argv[2]) : 0;
	if (argc > 3 && strcmp(argv[1], "files") == 0) {
		if (chdir(argv[3]) != 0) return 1;
		for (long at = 0; at < count; at++) {
			char name[16];
			snprintf(name, sizeof name, "%ld", at % 1000);
			int file = open(name, O_RDONLY);
			if (file < 0 || close(file) != 0) return 1;
		}
		return 0;
	}
	int socket_ = socket(AF_INET, SOCK_DGRAM, 0);
	for (long at = 0; at < count; at++) {
		struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
		to.sin_addr.s_addr = htonl(0x7f000000 + 1 + at);
		if (connect(socket_, (struct sockaddr *)&to, sizeof to) != 0) return 1;
	}
	return count > 0 ? 0 : 1;
}
