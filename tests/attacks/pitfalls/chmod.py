"""Changes the mode of a device of the host as its owner (pitfall 1: chmod of the host's /dev/null)."""
import os
import sys
from attack import attempt, tried

tried()
attempt(lambda: os.chmod(sys.argv[1], int(sys.argv[2], 8)), sys.argv[1])
