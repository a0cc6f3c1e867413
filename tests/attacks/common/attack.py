"""What every attack in Python shares: the words of attack.h."""
import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)


def say(word, what=""):
    print(word, what, flush=True)


def tried():
    say("TRIED")


def gained(what):
    say("GAINED", what)


def denied(error, what=""):
    say("DENIED", f"{errno.errorcode.get(error.errno, error)} {what}")


def attempt(action, what=""):
    """Runs the action, prints DENIED when the system refuses it."""
    try:
        return action()
    except OSError as error:
        denied(error, what or str(error.filename or ""))
        return None


def syscall(number, *arguments):
    """A raw call; raises OSError."""
    libc.syscall.restype = ctypes.c_long
    result = libc.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
