"""lent_socket.py unix|inet COMMAND…: the parent's side of "a socket that is lent": descriptor 7 is a stream socket of the host's
network that is not connected (pitfall 5)."""
import os
import socket
import sys

family = {"unix": socket.AF_UNIX, "inet": socket.AF_INET}[sys.argv[1]]
lent = socket.socket(family, socket.SOCK_STREAM)
os.dup2(lent.fileno(), 7)
os.execvp(sys.argv[2], sys.argv[2:])
