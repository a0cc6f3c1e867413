"""Executes a file of a noexec grant: directly, through a descriptor, by the dynamic loader (Files, "execute from a noexec
grant")."""
import os
import sys
from attack import attempt, tried

how, path = sys.argv[1:]
tried()
if how == "direct":
    attempt(lambda: os.execv(path, [path]))
elif how == "descriptor":
    fd = os.open(path, os.O_PATH)
    os.set_inheritable(fd, True)
    attempt(lambda: os.execv(f"/proc/self/fd/{fd}", [path]), "execv of /proc/self/fd")
    attempt(lambda: os.execve(fd, [path], {}), "execveat")
elif how == "loader":
    attempt(lambda: os.execv("/lib64/ld-linux-x86-64.so.2", ["ld.so", path]))
