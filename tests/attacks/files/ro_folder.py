"""Changes a read-only granted folder itself: creates, removes, renames, links, makes folders, FIFOs and symlinks (Files)."""
import os
import sys
from attack import attempt, tried

folder = sys.argv[1]
at = lambda name: os.path.join(folder, name)
tried()
attempt(lambda: open(at("created"), "w").close(), "create")
attempt(lambda: os.mkdir(at("folder")), "mkdir")
attempt(lambda: os.symlink("/", at("symlink")), "symlink")
attempt(lambda: os.mkfifo(at("fifo-made")), "mkfifo")
attempt(lambda: os.link(at("file.txt"), at("link-made")), "link")
attempt(lambda: os.rename(at("file.txt"), at("renamed")), "rename")
attempt(lambda: os.unlink(at("other.txt")), "unlink")
attempt(lambda: os.close(os.open(folder, os.O_TMPFILE | os.O_WRONLY)), "O_TMPFILE")
attempt(lambda: os.chmod(folder, 0o777), "chmod")
