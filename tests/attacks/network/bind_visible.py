"""Opens a service that the host can reach: binds on all interfaces, or listens without bind (Network, "bind on all
interfaces"). Prints READY port=N for the host to try."""
import socket
import sys
from attack import attempt, say, tried

tried()
sock = attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM), "socket")
if sock and sys.argv[1] == "bind":
    attempt(lambda: sock.bind(("0.0.0.0", 0)), "bind")
if sock and attempt(lambda: sock.listen() or True, "listen"):
    sock.settimeout(1)
    say("READY", f"port={sock.getsockname()[1]}")
    attempt(sock.accept, "accept")
