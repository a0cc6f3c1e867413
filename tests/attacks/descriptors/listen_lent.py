"""Opens a service that the host can reach by the socket that is descriptor 7, which was lent without a connection (Network, "bind on
all interfaces"; Descriptors). Prints READY port=N."""
import socket
from attack import attempt, say, tried

tried()
lent = attempt(lambda: socket.socket(fileno=7), "descriptor 7")
if lent and attempt(lambda: lent.listen() or True, "listen"):
    lent.settimeout(5)
    say("READY", f"port={lent.getsockname()[1]}")
    attempt(lent.accept, "accept")
