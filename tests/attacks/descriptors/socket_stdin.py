"""The parent's side of "a socket as descriptor 0": a connected unix socket, over which a folder descriptor was sent (pitfall 5;
Descriptors, "descriptors passed with SCM_RIGHTS from outside"). Says what comes in."""
import os
import socket
import subprocess
import sys

ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
socket.send_fds(ours, [b"x"], [os.open("/", os.O_PATH)])
code = subprocess.call(sys.argv[1:], stdin=theirs)
theirs.close()
ours.settimeout(0.2)
try:
    if ours.recv(100):
        print("OUTSIDE the socket was used", flush=True)
except OSError:
    pass
sys.exit(code)
