"""Changes attributes of a file that was not granted, by its path alone, which Landlock does not cover (pitfall 11)."""
import os
import sys
from attack import attempt, tried

path = sys.argv[1]
tried()
attempt(lambda: os.chmod(path, 0o777), "chmod")
attempt(lambda: os.chown(path, -1, os.getgid()), "chown")
attempt(lambda: os.utime(path, (1, 1)), "utime")
attempt(lambda: os.setxattr(path, "user.lowbox-attack", b"1"), "setxattr")
