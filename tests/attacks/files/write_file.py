"""Appends to or creates a file that was not granted: start-up files, PATH hijack, cron (Files, line 1)."""
import os
import sys
from attack import attempt, tried

path, text = sys.argv[1:]
tried()
attempt(lambda: os.makedirs(os.path.dirname(path), exist_ok=True))
with attempt(lambda: open(path, "a")) or open("/dev/null", "w") as file:
    file.write(text + "\n")
