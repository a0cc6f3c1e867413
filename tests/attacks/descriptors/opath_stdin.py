"""The parent's side of "O_PATH as descriptor 0": opens / so and executes the command (pitfall 5)."""
import os
import sys

os.dup2(os.open(sys.argv[1], os.O_PATH), 0)
os.execvp(sys.argv[2], sys.argv[2:])
