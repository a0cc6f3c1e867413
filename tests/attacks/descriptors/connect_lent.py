"""Connects the socket that is descriptor 7, or that arrives over it, to a service of the host: @NAME is an abstract address, else it is
ADDRESS PORT (Network; Descriptors)."""
import socket
import sys
from attack import attempt, tried

tried()
lent = attempt(lambda: socket.socket(fileno=7), "descriptor 7")
if lent:
    try:
        lent.getpeername()
        lent = socket.socket(fileno=socket.recv_fds(lent, 1, 1)[1][0])
    except OSError:
        pass
    name = sys.argv[1]
    address = "\0" + name[1:] if name.startswith("@") else (name, int(sys.argv[2]))
    attempt(lambda: lent.connect(address), "connect")
