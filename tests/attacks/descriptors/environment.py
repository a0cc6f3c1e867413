"""Looks for secrets of the user's environment: its own, and those of every process it sees, lowbox's init among them
(Descriptors, "secrets in the environment")."""
import os
from attack import say, tried

tried()
say("READ", dict(os.environ))
for pid in filter(str.isdigit, os.listdir("/proc")):
    for name in ("environ", "cmdline"):
        try:
            say("READ", open(f"/proc/{pid}/{name}").read() if pid in ("1", "self", str(os.getppid())) else "")
        except OSError:
            pass
