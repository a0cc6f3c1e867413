"""pty_background.py started|continued PASSWORD COMMAND…: plays the user's terminal and shell. The command is a job of a session
on a pty of its own (standard input and error; standard output stays the harness's): started in the background, or stopped
by Ctrl-Z and continued there (`bg`). Once the command has said `listening` the user types a password into the shell, which
is slow to read it: it waits until somebody else has, at most two seconds. Then the job is killed."""
import fcntl
import os
import pty
import signal
import struct
import sys
import termios
import threading
import time

how, password, *command = sys.argv[1:]
master, slave = pty.openpty()
name = os.ttyname(slave)
screen = bytearray()


def drain():
    while True:
        try:
            screen.extend(os.read(master, 4096))
        except OSError:
            return


def wait(seconds, condition):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def queued():
    return struct.unpack("i", fcntl.ioctl(slave, termios.FIONREAD, bytes(4)))[0]


def shell():
    os.setsid()
    os.close(os.open(name, os.O_RDWR))  # the first terminal a session leader opens becomes the controlling one
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        if how == "continued":
            os.tcsetpgrp(slave, os.getpgrp())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.dup2(slave, 0)
        os.dup2(slave, 2)
        os.closerange(3, 256)
        os.execvp(command[0], command)
    try:
        os.setpgid(job, job)
    except OSError:
        pass
    threading.Thread(target=drain, daemon=True).start()
    if not wait(15, lambda: b"listening" in screen):
        sys.exit(f"the command does not listen: {bytes(screen)!r}")
    if how == "continued":
        os.write(master, b"\x1a")
        os.waitpid(job, os.WUNTRACED)
        os.tcsetpgrp(slave, os.getpgrp())
        os.killpg(job, signal.SIGCONT)
    os.write(master, password.encode() + b"\n")
    if not wait(15, lambda: password.encode() in screen):
        sys.exit("the terminal does not echo")
    if wait(2, lambda: queued() == 0):
        wait(2, lambda: os.waitid(os.P_PID, job, os.WEXITED | os.WNOHANG | os.WNOWAIT))  # it says what it has read
    os.killpg(job, signal.SIGKILL)


pid = os.fork()
if pid == 0:
    shell()
    sys.exit()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
