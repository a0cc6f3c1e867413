"""Opens the user's terminal to everybody on the host: its node belongs to the user, and a descriptor is enough to change its
mode (pitfall 5)."""
import os
import sys
from attack import attempt, tried

tried()
attempt(lambda: os.fchmod(int(sys.argv[1]), 0o666), "fchmod")
