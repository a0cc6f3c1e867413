"""Reads an extended attribute of a file by its path: no descriptor is needed, so no right to open the file (pitfall 11)."""
import os
import sys
from attack import attempt, say, tried

tried()
attempt(lambda: say("READ", os.getxattr(sys.argv[1], "user.lowbox-secret").decode()), "getxattr")
