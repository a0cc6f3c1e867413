"""Reads what is typed at the user's terminal, by whichever standard descriptor lets it; in the background a program of the user's
session is stopped for that (Processes, "escape to init's session")."""
import os
import select
import sys
import time
from attack import attempt, say, tried

tried()
terminals = [0, 2, *map(int, sys.argv[1:])]
os.write(2, b"listening\n")
end = time.monotonic() + 6
while terminals and time.monotonic() < end:
    for fd in select.select(terminals, [], [], 0.1)[0]:
        typed = attempt(lambda: os.read(fd, 4096), f"descriptor {fd}")
        if typed:
            say("READ", typed.decode(errors="replace"))
            sys.exit()
        terminals.remove(fd)
