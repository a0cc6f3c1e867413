"""Leaves the user's terminal without echo and line editing (Processes, "escape to init's session"; pitfall 13)."""
import termios
from attack import tried

tried()
modes = termios.tcgetattr(0)
modes[0] = modes[1] = modes[3] = 0
modes[2] ^= termios.PARENB
termios.tcsetattr(0, termios.TCSANOW, modes)
