"""connect_outside.py WAY NUMBER COOKIE: connects to the user's own display past the one that it was given, and knows even its cookie."""
import sys

from attack import attempt, say, tried
from xclient import Display

way, number, cookie = sys.argv[1:]
tried()
display = attempt(lambda: Display(number, bytes.fromhex(cookie), way), way)
if display:
    image = display.ask(73, 2, "IhhHHI", display.root, 100, 100, 1, 1, 0xFFFFFFFF)
    import struct
    say("PIXEL", f"{struct.unpack_from('<I', image, 32)[0] & 0xFFFFFF:06x}")
