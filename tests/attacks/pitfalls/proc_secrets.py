"""Reads what /proc shows of the whole machine: memory image, kernel addresses, kernel log, keys (pitfall 1, "masked")."""
import os
from attack import attempt, gained, tried

tried()
for path in ("/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/dev/kmsg", "/dev/mem"):
    fd = attempt(lambda: os.open(path, os.O_RDONLY | os.O_NONBLOCK), path)
    if fd is not None and attempt(lambda: len(os.read(fd, 256)), path):
        gained(path)
