"""Learns that a file exists, by every call that tells "denied" from "not there" (Files, "learn names")."""
import errno
import os
import sys
from attack import gained, say, tried

path = sys.argv[1]
calls = {
    "stat": lambda: os.stat(path),
    "lstat": lambda: os.lstat(path),
    "access": lambda: os.access(path, os.F_OK) or os.stat(path),
    "open": lambda: os.close(os.open(path, os.O_RDONLY)),
    "O_PATH": lambda: os.close(os.open(path, os.O_PATH)),
    "readlink": lambda: os.readlink(path),
    "mkdir": lambda: os.mkdir(path),
    "getxattr": lambda: os.getxattr(path, "user.none"),
    "chdir": lambda: os.chdir(os.path.dirname(path)),
}
tried()
for name, call in calls.items():
    try:
        call()
        gained(f"{name} says that it exists")
    except OSError as error:
        # "not there" and "you can't create that" tell nothing; anything else differs from the answer for a missing name.
        if error.errno in (errno.ENOENT, errno.ENOTDIR) or name == "mkdir" and error.errno in (errno.EROFS, errno.EACCES):
            say("DENIED", f"{errno.errorcode[error.errno]} {name}")
        else:
            gained(f"{name} answers {errno.errorcode[error.errno]}: it exists")
