"""Reads whatever descriptors above 2 the parent left open: files, and a name beneath folders (Descriptors, "fds left open by the
parent")."""
import os
import sys
from attack import attempt, say, tried

tried()
for fd in list(range(3, 64)) + [500]:
    try:
        say("READ", os.pread(fd, 4096, 0).decode(errors="replace"))
    except OSError:
        pass
    try:
        say("READ", open(os.open(sys.argv[1].lstrip("/"), os.O_RDONLY, dir_fd=fd)).read())
    except OSError:
        pass
