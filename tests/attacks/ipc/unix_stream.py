"""Connects to a stream socket of the host, by path or (as @name) abstract, and reads what it says (IPC; pitfall 2: sockets cross a
read-only bind mount)."""
import socket
import sys
from attack import attempt, say, tried

name = sys.argv[1]
tried()
sock = attempt(lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM), "socket")
if sock:
    sock.settimeout(2)
    if attempt(lambda: sock.connect("\0" + name[1:] if name.startswith("@") else name) or True, "connect"):
        attempt(lambda: say("READ", sock.recv(4096).decode()), "recv")
