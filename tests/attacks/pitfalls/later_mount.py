"""Writes into a place beneath a read-only grant again and again, waiting for the host to mount something there (pitfall 4)."""
import os
import sys
import time
from attack import say, tried

tried()
say("READY")
end = time.monotonic() + 1.5
while time.monotonic() < end:
    try:
        open(os.path.join(sys.argv[1], "written-from-inside"), "w").close()
    except OSError:
        pass
    time.sleep(0.01)
