"""Serves whoever comes, on all interfaces or by listening without bind; what the host reads is judged. Prints READY port=N."""
import socket
import sys
from attack import attempt, say, tried

tried()
sock = attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM), "socket")
if sock and sys.argv[1] == "bind":
    attempt(lambda: sock.bind(("0.0.0.0", 0)), "bind")
if sock and attempt(lambda: sock.listen() or True, "listen"):
    sock.settimeout(2)
    say("READY", f"port={sock.getsockname()[1]}")
    peer = attempt(sock.accept, "accept")
    if peer:
        peer[0].sendall(b"served")
