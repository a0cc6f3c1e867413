"""Receives a folder descriptor over the socket that is descriptor 0, reads a file beneath it (Descriptors, "SCM_RIGHTS")."""
import os
import socket
import sys
from attack import attempt, say, tried

tried()
sock = attempt(lambda: socket.socket(fileno=0), "a socket as descriptor 0")
if sock:
    attempt(lambda: sock.sendall(b"hello from inside"))
    fds = (attempt(lambda: socket.recv_fds(sock, 1, 1)) or ("", []))[1]
    for fd in fds:
        attempt(lambda: say("READ", open(os.open(sys.argv[1].lstrip("/"), os.O_RDONLY, dir_fd=fd)).read()))
