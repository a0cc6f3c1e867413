"""client.py ADDRESS PORT [SOURCE]: says what a server sends."""
import errno
import socket
import sys

sock = socket.socket()
sock.settimeout(5)
if len(sys.argv) > 3:
    sock.bind((sys.argv[3], 0))
try:
    sock.connect((sys.argv[1], int(sys.argv[2])))
    print(sock.recv(100).decode().strip() or "nothing")
except OSError as error:
    print(errno.errorcode.get(error.errno, error))
