"""Runs a setuid program (a copy of a harmless one, in a granted folder) and lets it say whose rights it has (Files, "setuid
programs")."""
import os
import sys
from attack import attempt, tried

tried()
attempt(lambda: os.execv(sys.argv[1], sys.argv[1:]))
