"""lent_socket.py unix|inet [--sent] COMMAND…: the parent's side of "a socket that is lent": descriptor 7 is a stream socket of the
host's network that is not connected (pitfall 5), or with --sent a connected one over which such a socket arrives."""
import os
import socket
import sys

family = {"unix": socket.AF_UNIX, "inet": socket.AF_INET}[sys.argv[1]]
lent = socket.socket(family, socket.SOCK_STREAM)
command = sys.argv[2:]
if command[0] == "--sent":
    command = command[1:]
    ours, theirs = socket.socketpair()
    socket.send_fds(ours, [b"x"], [lent.fileno()])
    lent = theirs
os.dup2(lent.fileno(), 7)
os.execvp(command[0], command)
