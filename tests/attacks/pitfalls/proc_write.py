"""Writes what it read back to a file of the kernel (pitfall 1: root's uid map; /proc/sys, /proc/sysrq-trigger)."""
import sys
from attack import attempt, gained, tried

path, text = sys.argv[1:]
tried()
if attempt(lambda: open(path, "w").write(text) and True, path):
    gained(f"wrote {path}")
