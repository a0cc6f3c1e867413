"""Hard-links or renames a file that was not granted into a granted folder and reads it there (Files, the same the other way)."""
import os
import sys
from attack import attempt, say, tried

how, source, target = sys.argv[1:]
tried()
attempt(lambda: {"link": os.link, "rename": os.rename, "symlink": os.symlink}[how](source, target))
attempt(lambda: say("READ", open(target).read()))
