"""Reads the command lines of all processes that a folder shows, which is the host's /proc if that was lent by mistake (a chroot's
/proc, pitfall 13)."""
import os
import sys
from attack import attempt, say, tried

tried()
for name in attempt(lambda: os.listdir(sys.argv[1])) or []:
    try:
        say("READ", open(os.path.join(sys.argv[1], name, "cmdline")).read().replace("\0", " "))
    except OSError:
        pass
