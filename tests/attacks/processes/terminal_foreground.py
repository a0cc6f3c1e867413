"""Leaves a process of its own as the terminal's foreground process group: the shell that comes back is stopped when it reads
(Processes, "foreground process group")."""
import os
import signal
import time
from attack import attempt, tried

tried()
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
if os.fork() == 0:
    os.setpgid(0, 0)
    attempt(lambda: os.tcsetpgrp(0, os.getpgrp()))
    time.sleep(2)
    os._exit(0)
time.sleep(0.2)
