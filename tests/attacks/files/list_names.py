"""Learns the names in a folder that was not granted, downwards and by every folder above it (Files, "learn names")."""
import os
import sys
from attack import attempt, say, tried

tried()
folder = sys.argv[1]
for path, folders, files in os.walk(folder):
    for name in folders + files:
        say("NAME", os.path.join(path, name))
while folder != "/":
    attempt(lambda: say("NAMES", " ".join(os.listdir(folder))), folder)
    folder = os.path.dirname(folder)
