"""swap_during.py PATH OTHER -- COMMAND…: runs the command 40 times while PATH is swapped all the time between an innocent file and a
symlink to OTHER, as a hostile checkout or another program would (pitfall 7)."""
import ctypes
import os
import subprocess
import sys

libc = ctypes.CDLL(None, use_errno=True)
path, other, _, *command = sys.argv[1:]
with open(path, "w") as file:
    file.write("innocent\n")
os.symlink(other, path + ".swap")
swapper = os.fork()
if swapper == 0:
    while True:
        libc.renameat2(-100, path.encode(), -100, (path + ".swap").encode(), 2)  # RENAME_EXCHANGE
for _ in range(40):
    code = subprocess.call(command)
os.kill(swapper, 9)
os.waitpid(swapper, 0)
sys.exit(code & 255)
