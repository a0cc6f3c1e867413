"""Was given a file as standard input for reading; opens it again for writing through /proc/self/fd, changes its attributes and
truncates it (Descriptors; Files, "/proc/self/fd")."""
import os
from attack import attempt, tried

tried()
for path in ("/proc/self/fd/0", "/dev/stdin"):
    fd = attempt(lambda: os.open(path, os.O_WRONLY), path)
    if fd is not None:
        os.write(fd, b"overwritten")
attempt(lambda: os.truncate("/proc/self/fd/0", 0), "truncate")
