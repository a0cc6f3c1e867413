"""Leaves the user's terminal without echo and line editing, by the descriptor that it is told (Processes, "escape to init's
session"; pitfall 13)."""
import sys
import termios
from attack import tried

tried()
fd = int(sys.argv[1])
modes = termios.tcgetattr(fd)
modes[0] = modes[1] = modes[3] = 0
modes[2] ^= termios.PARENB
termios.tcsetattr(fd, termios.TCSANOW, modes)
