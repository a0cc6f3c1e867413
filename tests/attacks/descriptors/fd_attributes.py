"""Was given a file for reading as the descriptor that it is told; changes its mode, times and extended attributes by it, which no
path rule sees (pitfall 5)."""
import os
import sys
from attack import attempt, tried

fd = int(sys.argv[1])
tried()
attempt(lambda: os.fchmod(fd, 0o777), "fchmod")
attempt(lambda: os.setxattr(fd, "user.lowbox-attack", b"1"), "fsetxattr")
attempt(lambda: os.utime(fd), "futimens")
attempt(lambda: os.utime(fd, (1, 1)), "futimens")
