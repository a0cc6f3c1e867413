"""pty_session.py COMMAND…: plays the user's terminal and shell. The command runs as a foreground job of a session on a pty of
its own (standard input and error; standard output stays the harness's). Afterwards the shell looks at what the command
left behind: characters in the input queue, other terminal modes, another foreground process group, other permissions, a
terminal that is locked or frozen."""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import threading

TIOCGEXCL, TIOCNXCL = 0x80045440, 0x540D
master, slave = pty.openpty()
name = os.ttyname(slave)


def drain():
    while True:
        try:
            shown = os.read(master, 4096)
        except OSError:
            return
        if not shown:
            return
        if b"\x13" in shown:
            print("OUTSIDE the terminal was told to stop", flush=True)


def locked():
    exclusive = struct.unpack("i", fcntl.ioctl(slave, TIOCGEXCL, bytes(4)))[0]
    fcntl.ioctl(slave, TIOCNXCL)
    return exclusive != 0


def frozen():
    os.set_blocking(slave, False)
    try:
        return os.write(slave, b"\r") == 0
    except BlockingIOError:
        return True
    finally:
        termios.tcflow(slave, termios.TCOON)
        os.set_blocking(slave, True)


def shell():
    os.setsid()
    os.close(os.open(name, os.O_RDWR))  # the first terminal a session leader opens becomes the controlling one
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    before, permissions = termios.tcgetattr(slave), os.fstat(slave).st_mode
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(slave, os.getpgrp())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.dup2(slave, 0)
        os.dup2(slave, 2)
        os.closerange(3, 256)
        os.execvp(sys.argv[1], sys.argv[1:])
    try:
        os.setpgid(job, job)
    except OSError:
        pass
    _, status = os.waitpid(job, 0)
    # A shell takes the terminal back but does not put every mode back: what the job left is what the user gets.
    if termios.tcgetattr(slave)[:6] != before[:6]:
        print("OUTSIDE terminal modes were left changed", flush=True)
    if os.tcgetpgrp(slave) not in (job, os.getpgrp()):
        print("OUTSIDE another foreground process group was left", flush=True)
    if os.fstat(slave).st_mode != permissions:
        print("OUTSIDE the terminal's permissions were changed", flush=True)
    os.tcsetpgrp(slave, os.getpgrp())
    if locked():
        print("OUTSIDE the terminal was left locked", flush=True)
    if frozen():
        print("OUTSIDE the terminal was left frozen", flush=True)
    raw = termios.tcgetattr(slave)
    raw[3] &= ~(termios.ICANON | termios.ECHO)
    termios.tcsetattr(slave, termios.TCSANOW, raw)
    if select.select([slave], [], [], 0.1)[0]:
        print("OUTSIDE typed into the shell:", os.read(slave, 4096), flush=True)
    os._exit(os.waitstatus_to_exitcode(status) & 255)


pid = os.fork()
if pid == 0:
    os.close(master)
    shell()
threading.Thread(target=drain, daemon=True).start()
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status))
