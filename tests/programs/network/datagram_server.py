"""A UDP server on PORT of all interfaces: datagram_server.py PORT [4]. Says READY, then each peer; ends at `bye`."""
import socket
import sys

only_v4 = len(sys.argv) > 2
sock = socket.socket(socket.AF_INET if only_v4 else socket.AF_INET6, socket.SOCK_DGRAM)
try:
    sock.bind(("0.0.0.0" if only_v4 else "::", int(sys.argv[1])))
except OSError as error:
    print("READY failed", error.errno, flush=True)
    sys.exit()
print("READY", sock.getsockname()[1], flush=True)
while True:
    told, peer = sock.recvfrom(65536)
    print("peer", peer[0].removeprefix("::ffff:"), flush=True)
    sock.sendto(b"served", peer)
    if told == b"bye":
        break
