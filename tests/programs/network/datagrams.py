"""Sends a datagram to each ADDRESS,PORT, connected and not, and says what came of each: reached, silent, or the error's name."""
import concurrent.futures
import errno
import socket
import sys


def attempt(place, connected):
    address, port = place.rsplit(",", 1)
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(2)
    try:
        if connected:
            sock.connect((address, int(port)))
            sock.send(b"knock")
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            sock.sendto(b"knock", (address, int(port)))
        told, peer = sock.recvfrom(100)
        return "reached" if told.startswith(b"hello") and peer[1] == int(port) else f"{told} {peer}"
    except TimeoutError:
        return "silent"
    except OSError as error:
        return errno.errorcode.get(error.errno, error)


def both(place):
    return f"{place} {attempt(place, True)} {attempt(place, False)}"


# At once, because silence takes its time.
with concurrent.futures.ThreadPoolExecutor(len(sys.argv)) as pool:
    print("\n".join(pool.map(both, sys.argv[1:])))
