"""Connects to a service of the host over loopback: plainly, by IPv6, by an IPv4-mapped address, by fast open (Network)."""
import socket
import sys
from attack import attempt, say, tried

how, address, port = sys.argv[1:]
MSG_FASTOPEN, IPPROTO_MPTCP = 0x20000000, 262
family = socket.AF_INET6 if ":" in address else socket.AF_INET
tried()
sock = attempt(lambda: socket.socket(family, socket.SOCK_STREAM, IPPROTO_MPTCP if how == "mptcp" else 0), "socket")
if sock:
    sock.settimeout(2)
    if how == "fastopen":
        attempt(lambda: sock.sendto(b"hello", MSG_FASTOPEN, (address, int(port))), "MSG_FASTOPEN")
    else:
        attempt(lambda: sock.connect((address, int(port))), "connect")
    attempt(lambda: say("READ", sock.recv(4096).decode()), "recv")
