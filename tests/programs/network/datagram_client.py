"""datagram_client.py ADDRESS PORT [SOURCE] [WORD]: says what a UDP server answers."""
import errno
import socket
import sys

sock = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
sock.settimeout(0.5)
if len(sys.argv) > 3 and sys.argv[3]:
    sock.bind((sys.argv[3], 0))
try:
    sock.connect((sys.argv[1], int(sys.argv[2])))
    sock.send(sys.argv[4].encode() if len(sys.argv) > 4 else b"knock")
    print(sock.recv(100).decode())
except TimeoutError:
    print("silent")
except OSError as error:
    print(errno.errorcode.get(error.errno, error))
