"""Reads a file that was not granted: keys, cloud credentials, a browser profile, another package's data (Files, line 1)."""
import sys
from attack import attempt, say, tried

tried()
attempt(lambda: say("READ", open(sys.argv[1]).read()))
