"""Was given a file as standard input for reading; changes its mode, times and extended attributes by the descriptor, which no path
rule sees (pitfall 5)."""
import os
from attack import attempt, tried

tried()
attempt(lambda: os.fchmod(0, 0o777), "fchmod")
attempt(lambda: os.setxattr(0, "user.lowbox-attack", b"1"), "fsetxattr")
attempt(lambda: os.utime(0, (1, 1)), "futimens")
