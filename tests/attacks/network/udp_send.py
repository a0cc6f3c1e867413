"""Sends a datagram to a service of the host over loopback (Network)."""
import socket
import sys
from attack import attempt, tried

address, port = sys.argv[1:]
tried()
sock = attempt(lambda: socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM), "socket")
if sock:
    attempt(lambda: sock.sendto(b"hello from inside", (address, int(port))), "sendto")
