"""Resolves each name and connects to it on port 80."""
import errno
import socket
import sys

for name in sys.argv[1:]:
    try:
        found = sorted({entry[4][0] for entry in socket.getaddrinfo(name, 80, proto=6)})
    except OSError:
        print(name, "unknown")
        continue
    for address in found:
        try:
            socket.create_connection((address, 80), timeout=5).close()
            print(name, address, "reached")
        except OSError as error:
            print(name, address, errno.errorcode.get(error.errno, error))
