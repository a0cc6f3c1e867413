"""No attack: shows that programs run inside, with their grants, threads, processes and sockets of their own."""
import socket
import subprocess
import sys
import threading
from attack import gained, tried

tried()
with open(sys.argv[1], "w") as file:
    file.write("granted")
thread = threading.Thread(target=lambda: None)
thread.start()
thread.join()
ours, theirs = socket.socketpair()
ours.sendall(b"x")
assert theirs.recv(1) == b"x"
assert subprocess.run(["/bin/echo", "hello"], capture_output=True, check=True).stdout == b"hello\n"
gained("a program's ordinary life")
