"""Shuts the user out of the terminal: nobody can open it any more, its output stops, or it is told to send nothing (Processes, in
the manner of TIOCSTI)."""
import fcntl
import sys
from attack import attempt, tried

REQUESTS = {"TIOCEXCL": (0x540C, 0), "TCOOFF": (0x540A, 0), "TCIOFF": (0x540A, 2)}
tried()
attempt(lambda: fcntl.ioctl(0, *REQUESTS[sys.argv[1]]), sys.argv[1])
