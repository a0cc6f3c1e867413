"""Ways of UDP that programs rely on, against the peer ADDRESS (port 80): each line says what came of one."""
import errno
import socket
import sys

ADDRESS = sys.argv[1]
PEER = (ADDRESS, 80)


def fresh(timeout=5):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(timeout)
    return sock


def told(name, *what):
    print(name, *what, flush=True)


# Large datagrams arrive whole.
sock = fresh()
for length in (0, 1, 1472, 9000, 65507):
    sock.sendto(b"x" * length, PEER)
    assert sock.recv(100).split()[-1] == str(length).encode(), length
told("lengths kept")

# Two peers see one port: what one is told of it is true for others.
sock.sendto(b"a", PEER)
one = sock.recv(100).split()[2]
sock.sendto(b"a", (ADDRESS, 53080))
two = sock.recv(100).split()[2]
told("port", "same" if one == two else "differs")

# Who was not spoken to does not answer.
quiet = fresh(0.7)
quiet.sendto(b"other", PEER)
try:
    told("stranger heard" if quiet.recv(100).startswith(b"hello") else "stranger?")
except TimeoutError:
    told("stranger unheard")

# Nobody there: a connected socket hears it.
closed = fresh()
closed.connect((ADDRESS, 9))
closed.send(b"x")
try:
    closed.recv(10)
    told("closed port", "answered?")
except OSError as error:
    told("closed port", errno.errorcode.get(error.errno, error))

# Many datagrams in one call (UDP_SEGMENT, udp(7)).
cut = fresh()
cut.setsockopt(socket.IPPROTO_UDP, 103, 1000)
cut.sendto(b"y" * 3500, PEER)
lengths = sorted(int(cut.recv(100).split()[-1]) for _ in range(4))
told("segments", *lengths)

# A datagram to itself stays inside.
own = fresh()
own.bind(("127.0.0.1", 0))
own.sendto(b"own", own.getsockname())
told("loopback", own.recv(10).decode())

# Somebody else's address as the sender's own (IP_FREEBIND, ip(7)) is not believed.
liar = fresh(0.7)
try:
    liar.setsockopt(socket.IPPROTO_IP, 15, 1)
    liar.bind(("93.184.216.99", 7000))
    liar.sendto(b"x", PEER)
    told("liar", liar.recv(100))
except TimeoutError:
    told("liar unheard")
except OSError as error:
    told("liar unheard" if error.errno == errno.ENETUNREACH else f"liar {error}")
