"""Writes to a FIFO of the host in a read-only granted folder; every way of opening one for writing (pitfall 2)."""
import os
import sys
from attack import attempt, tried

tried()
for flags in (os.O_WRONLY | os.O_NONBLOCK, os.O_RDWR):
    fd = attempt(lambda: os.open(sys.argv[1], flags), hex(flags))
    if fd is not None:
        os.write(fd, b"hello from inside")
reader = attempt(lambda: os.open(sys.argv[1], os.O_RDONLY | os.O_NONBLOCK), "O_RDONLY")
if reader is not None:
    fd = attempt(lambda: os.open(f"/proc/self/fd/{reader}", os.O_WRONLY | os.O_NONBLOCK), "reopen")
    if fd is not None:
        os.write(fd, b"hello from inside")
