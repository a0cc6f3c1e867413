"""Reaches outside processes through /proc: their root folder, environment, memory, descriptors; the one given and every one
that /proc shows, lowbox's own among them (Files, "/proc/PID/root, mem, environ")."""
import os
import sys
from attack import attempt, say, tried

what, victim, address, fd, path = sys.argv[1:]
own = str(os.getpid())
tried()
for pid in [victim] + [name for name in os.listdir("/proc") if name.isdigit() and name not in (victim, own)]:
    try:
        if what == "root":
            for way in ("root", "cwd"):
                say("READ", open(f"/proc/{pid}/{way}/{path.lstrip('/')}").read())
        elif what == "environ":
            say("READ", open(f"/proc/{pid}/environ", "rb").read())
        elif what == "mem":
            memory = os.open(f"/proc/{pid}/mem", os.O_RDONLY)
            say("READ", os.pread(memory, 64, int(address, 16)))
        elif what == "fd":
            memory = os.open(f"/proc/{pid}/fd/{fd}", os.O_RDONLY)
            say("READ", os.pread(memory, 64, 0))
    except OSError:
        pass
    if pid == victim and attempt(lambda: os.stat(f"/proc/{pid}")):
        break
