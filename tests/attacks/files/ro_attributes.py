"""Changes attributes of a file in a read-only grant: chmod, xattr, utime, chown, by path and by descriptor (Files, "chmod,
xattr, utime"). Landlock does not cover these: the mount's read-only flag has to."""
import os
import sys
from attack import attempt, tried

path, which = sys.argv[1:]
fd = os.open(path, os.O_RDONLY)
calls = {
    "chmod": lambda at: os.chmod(at, 0o777),
    "xattr": lambda at: os.setxattr(at, "user.lowbox-attack", b"1"),
    "utime": lambda at: os.utime(at, (1, 1)),
    "chown": lambda at: os.chown(at, -1, os.getgid()),
}
tried()
for at in (path, fd, f"/proc/self/fd/{fd}"):
    attempt(lambda: calls[which](at), f"{which} {at}")
