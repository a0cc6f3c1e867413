"""Hard-links or renames a granted file to a place that was not granted (Files, "hard-link or rename a granted file out")."""
import os
import sys
from attack import attempt, tried

how, source, target = sys.argv[1:]
tried()
if how == "link":
    attempt(lambda: os.link(source, target))
else:
    attempt(lambda: os.rename(source, target))
