"""Connects to each ADDRESS,PORT and says what came of it: reached, or the error's name."""
import errno
import socket
import sys

for place in sys.argv[1:]:
    address, port = place.rsplit(",", 1)
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    try:
        sock.connect((address, int(port)))
        told = sock.recv(100)
        print(place, "reached" if told.startswith(b"hello") else told)
    except OSError as error:
        print(place, errno.errorcode.get(error.errno, error))
