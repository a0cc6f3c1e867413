"""Starts the system's own setuid programs and looks at the uid they run with (Files, "setuid programs")."""
import os
import pty
import time
from attack import attempt, gained, say, tried

tried()
for program in (["/usr/bin/su"], ["/usr/bin/passwd"], ["/usr/bin/sudo", "-k", "id"], ["/usr/bin/newgrp"]):
    if not os.path.exists(program[0]):
        continue
    pid, terminal = attempt(pty.fork) or (None, None)
    if pid == 0:
        os.execv(program[0], program)
    if pid is None:  # no pty inside: a pipe keeps the program waiting as well
        pid = os.fork()
        if pid == 0:
            os.execv(program[0], program)
    time.sleep(0.2)
    uid, effective = next(line.split()[1:3] for line in open(f"/proc/{pid}/status") if line.startswith("Uid:"))
    if effective != str(os.getuid()):
        gained(f"{program[0]} runs as uid {effective}")
    else:
        say("DENIED", f"{program[0]} runs as uid {effective}")
    attempt(lambda: os.kill(pid, 9))
