"""answering.py NEVER COMMAND…: starts lowbox and answers for its user: *no* to every path that contains NEVER, *its folder* to the
others. It prints the questions as OUTSIDE lines only when one names an object that it must not name (a link)."""
import json
import os
import socket
import subprocess
import sys

never, *command = sys.argv[1:]
if "run" not in command[:2]:
    os.execv(command[0], command)  # the unconfined side
ours, theirs = socket.socketpair()
command[2:2] = ["--prompt", f"fd:{theirs.fileno()}"]
program = subprocess.Popen(command, pass_fds=[theirs.fileno()])
theirs.close()


def send(**message):
    ours.sendall(json.dumps(message).encode() + b"\n")


send(type="hello", version=1)
try:
    for line in ours.makefile("rb"):
        message = json.loads(line)
        if message["type"] != "question":
            continue
        path = message["file"]["path"]
        if os.path.islink(path):
            print("OUTSIDE asked about a link:", path, flush=True)
        offered = [answer for answer in ("folder", "this") if answer in message["answers"]]
        send(type="answer", id=message["id"], answer="no" if never in path or not offered else offered[0])
except ConnectionResetError:
    pass
sys.exit(program.wait() & 255)
