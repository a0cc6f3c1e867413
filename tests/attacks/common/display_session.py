"""display_session.py COMMAND…: plays a user at a display that lets nobody in without its cookie, which DISPLAY and XAUTHORITY of the command
lead to. There is a window with a title, in which the user types, a colour on the screen and on the window, something selected and something
copied. The words NUMBER and COOKIE in the command become the display's. Says afterwards which of these the command got at."""
import os
import random
import select
import struct
import subprocess
import sys
import tempfile
import threading
import time

from xclient import Display

title, primary, clipboard = (os.urandom(8).hex() for _ in range(3))
screen, drawn = (int.from_bytes(os.urandom(3), "little") | 1 for _ in range(2))
# Of the keys that print something.
keys = [random.randrange(24, 34) for _ in range(8)]
# Typed by the attack alone.
FOREIGN = 40
cookie = os.urandom(16)
folder = tempfile.mkdtemp(prefix="lowbox-display-")
authority = os.path.join(folder, "Xauthority")
with open(os.open(authority, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
    entry = (b"", b"", b"MIT-MAGIC-COOKIE-1", cookie)
    file.write(b"\xff\xff" + b"".join(struct.pack(">H", len(part)) + part for part in entry))
# Not the first number, which the display of a container has. One that is taken is no reason to fail.
for _ in range(20):
    read, write = os.pipe()
    server = subprocess.Popen(["Xvfb", f":{random.randrange(100, 30000)}", "-displayfd", str(write), "-auth", authority, "-listen", "tcp",
                               "-noreset", "-screen", "0", "640x480x24"], pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    number = os.read(read, 16).decode().strip() if select.select([read], [], [], 10)[0] else ""
    if number:
        break
else:
    sys.exit("the X server does not start")
user = Display(number, cookie)
user.send(2, 0, "III", user.root, 2, screen)
user.send(61, 0, "IhhHH", user.root, 0, 0, 0, 0)
window = user.window(drawn)
user.send(18, 0, "IIIBxxxI", window, 39, 31, 8, len(title), tail=title.encode())
user.send(8, 0, "I", window)
user.ask(3, 0, "I", window)
user.send(42, 1, "II", window, 0)
string, targets = user.atom("STRING"), user.atom("TARGETS")
ATOM = 4
held = {user.atom("PRIMARY"): primary, user.atom("CLIPBOARD"): clipboard}
for selection in held:
    user.send(22, 0, "III", window, selection, 0)
user.ask(43, 0)
typist = Display(number, cookie)
heard = []


def serve():
    while True:
        try:
            event = user.event()
        except OSError:
            return
        if event[0] & 127 == 2:
            heard.append(event[1])
        if event[0] & 127 == 30:
            when, _, requestor, selection, target, name = struct.unpack_from("<IIIIII", event, 4)
            text = held.get(selection, "").encode()
            if target == targets:
                user.send(18, 0, "IIIBxxxIII", requestor, name, ATOM, 32, 2, targets, string)
            else:
                user.send(18, 0, "IIIBxxxI", requestor, name, string, 8, len(text), tail=text)
            answer = struct.pack("<BBHIIIII", 31, 0, 0, when, requestor, selection, target, name).ljust(32, b"\0")
            user.send(25, 0, "II", requestor, 0, tail=answer)


def type_keys():
    for code in keys:
        for kind in (2, 3):
            typist.press(code, kind)
            time.sleep(0.03)


threading.Thread(target=serve, daemon=True).start()
words = {"NUMBER": number, "COOKIE": cookie.hex()}
environment = dict(os.environ, DISPLAY=f":{number}", XAUTHORITY=authority)
command = subprocess.Popen([words.get(word, word) for word in sys.argv[1:]], stdout=subprocess.PIPE, text=True, env=environment)
said = []
for line in command.stdout:
    print(line, end="", flush=True)
    said.append(line.strip())
    if line.startswith("READY"):
        type_keys()
code = command.wait()
time.sleep(0.1)
read_keys = [int(line.split()[1]) for line in said if line.startswith("KEY ")]
text = "\n".join(said)
# What was typed has arrived somewhere, or nothing is proved.
if any(line.startswith("READY") for line in said) and not heard and not read_keys:
    print("the user's keys went nowhere", file=sys.stderr)
for what, found in {
    "the screen was seen": f"PIXEL {screen:06x}" in text,
    "a window was seen": f"PIXEL {drawn:06x}" in text,
    "keys were read": len(set(read_keys) & set(keys)) > 2,
    "a key was typed": FOREIGN in heard,
    "the selection was read": primary in text,
    "the clipboard was read": clipboard in text,
    "a title was read": title in text,
}.items():
    if found:
        print("OUTSIDE", what, flush=True)
server.terminate()
server.wait()
os.unlink(authority)
os.rmdir(folder)
sys.exit(code & 255)
