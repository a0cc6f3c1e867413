"""x11_session.py COMMAND…: plays a user with a screen. Starts an X server with a window that has the focus, a colour on the root
window, a key held down and a secret in the clipboard; the word DISPLAY in the command becomes the server's number. Says
afterwards which of these the command got at."""
import os
import select
import struct
import subprocess
import sys
import threading
import time

from xclient import Display

secret = os.urandom(8).hex()
colour = int.from_bytes(os.urandom(3), "little") | 1
read, write = os.pipe()
server = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-ac", "-nolisten", "tcp", "-screen", "0", "64x64x24"],
                          pass_fds=[write], stderr=subprocess.DEVNULL)
os.close(write)
if not select.select([read], [], [], 10)[0]:
    sys.exit("the X server does not start")
number = os.read(read, 16).decode().strip()
user = Display(number)
user.send(2, 0, "III", user.root, 2, colour)
user.send(61, 0, "IhhHH", user.root, 0, 0, 0, 0)
window = user.window()
user.send(8, 0, "I", window)
user.send(42, 1, "II", window, 0)
clipboard, string = user.atom("CLIPBOARD"), user.atom("STRING")
user.send(22, 0, "III", window, clipboard, 0)
holds_key = "keys" in sys.argv
if holds_key:
    user.press(38)
typed = threading.Event()


def serve():
    while True:
        try:
            event = user.event()
        except OSError:
            return
        if event[0] & 127 == 2 and event[1] == 40:
            typed.set()
        if event[0] & 127 == 30:
            when, _, requestor, selection, target, name = struct.unpack_from("<IIIIII", event, 4)
            user.send(18, 0, "IIIBxxxI", requestor, name, string, 8, len(secret), tail=secret.encode())
            answer = struct.pack("<BBHIIIII", 31, 0, 0, when, requestor, selection, target, name).ljust(32, b"\0")
            user.send(25, 0, "II", requestor, 0, tail=answer)


threading.Thread(target=serve, daemon=True).start()
command = [number if word == "DISPLAY" else word for word in sys.argv[1:]]
done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
print(done.stdout, flush=True)
time.sleep(0.1)
for what, found in {
    "the screen was seen": f"PIXEL {colour:06x}" in done.stdout,
    "a key was read": holds_key and "KEY 38" in done.stdout,
    "a key was typed": typed.is_set(),
    "the clipboard was read": secret in done.stdout,
}.items():
    if found:
        print("OUTSIDE", what, flush=True)
server.terminate()
server.wait()
sys.exit(done.returncode & 255)
