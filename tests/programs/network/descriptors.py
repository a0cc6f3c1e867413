"""What a program made of its socket before it connects holds afterwards: descriptors.py ADDRESS PORT."""
import ctypes
import errno
import fcntl
import os
import select
import socket
import sys
import threading

there = (sys.argv[1], int(sys.argv[2]))
libc = ctypes.CDLL(None, use_errno=True)
CLONE_FILES = 0x400

# Options, flags, a copy, and two epoll descriptors, all made before.
sock = socket.socket()
sock.setblocking(False)
sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
os.set_inheritable(sock.fileno(), True)
copy = os.dup(sock.fileno())
first, second = select.epoll(), select.epoll()
first.register(sock.fileno(), select.EPOLLOUT | select.EPOLLET)
second.register(copy, select.EPOLLIN)
assert sock.connect_ex(there) == errno.EINPROGRESS
assert first.poll(5) == [(sock.fileno(), select.EPOLLOUT)], "an epoll descriptor from before"
assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
assert os.get_inheritable(sock.fileno()) and not os.get_inheritable(copy)
assert not sock.getblocking() and fcntl.fcntl(copy, fcntl.F_GETFL) & os.O_NONBLOCK
assert sock.connect_ex(there) in (0, errno.EISCONN) and sock.connect_ex(there) == errno.EISCONN
assert second.poll(5) == [(copy, select.EPOLLIN)], "of the copy"
assert os.read(copy, 100).startswith(b"hello"), "the copy is the same socket"
print("kept")

# A refused connection, without waiting and with; then the same socket again.
again = socket.socket()
again.setblocking(False)
assert again.connect_ex((there[0], 9)) in (errno.EINPROGRESS, errno.ECONNREFUSED)
select.select([], [again], [], 5)
assert again.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) in (errno.ECONNREFUSED, 0)
again.setblocking(True)
assert again.connect_ex(there) == 0 and again.recv(100).startswith(b"hello")
refused = socket.socket()
assert refused.connect_ex((there[0], 9)) == errno.ECONNREFUSED
print("refused")

# A thread with a table of descriptors of its own: its number is not the process's.
other = socket.socket()
pipe = os.pipe()
told = []


def apart():
    libc.unshare(CLONE_FILES)
    os.dup2(other.fileno(), pipe[0])
    address = socket.inet_aton(there[0])
    raw = (2).to_bytes(2, sys.byteorder) + there[1].to_bytes(2, "big") + address + bytes(8)
    told.append(libc.connect(pipe[0], raw, len(raw)))
    told.append(os.read(pipe[0], 5))


thread = threading.Thread(target=apart)
thread.start()
thread.join()
assert told == [0, b"hello"], told
os.write(pipe[1], b"x")
assert os.read(pipe[0], 1) == b"x", "the process's own number is still the pipe"
print("apart")

# dup2 at the same number while it connects: whatever is there afterwards works, and nothing hangs.
done = False
number = os.dup(2)


def swap():
    null = os.open("/dev/null", os.O_RDWR)
    while not done:
        spare = socket.socket()
        os.dup2(spare.fileno(), number)
        os.dup2(null, number)


thread = threading.Thread(target=swap)
thread.start()
raw = (2).to_bytes(2, sys.byteorder) + there[1].to_bytes(2, "big") + socket.inet_aton(there[0]) + bytes(8)
for _ in range(300):
    libc.connect(number, raw, len(raw))
done = True
thread.join()
print("swapped")
