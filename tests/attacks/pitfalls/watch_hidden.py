"""Reads everything beneath a granted folder again and again, while the host renames and replaces what is hidden there (pitfalls 3
and 13: masks fall off)."""
import os
import sys
import time
from attack import say, tried

tried()
say("READY")
end = time.monotonic() + 1.5
seen = set()
while time.monotonic() < end:
    for folder in sys.argv[1:]:
        for path, _, names in os.walk(folder):
            for name in names:
                try:
                    text = open(os.path.join(path, name)).read()
                except OSError:
                    continue
                if text not in seen:
                    seen.add(text)
                    say("READ", f"{os.path.join(path, name)}: {text}")
    time.sleep(0.005)
