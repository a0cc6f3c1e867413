"""Opens a file in a read-only grant for writing, with every flag that means it (Files, "write through a read-only grant")."""
import os
import sys
from attack import attempt, tried

tried()
for flags in (os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_APPEND, os.O_WRONLY | os.O_CREAT):
    fd = attempt(lambda: os.open(sys.argv[1], flags), hex(flags))
    if fd is not None:
        os.write(fd, b"overwritten")
attempt(lambda: os.close(os.open(sys.argv[1], os.O_RDONLY | os.O_TRUNC)), "O_RDONLY|O_TRUNC")
