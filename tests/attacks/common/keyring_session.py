"""keyring_session.py COMMAND…: runs the command with a session keyring that holds a secret, says afterwards whether a key
named lowbox-planted turned up in it."""
import ctypes
import os
import subprocess
import sys

libc = ctypes.CDLL(None, use_errno=True)
ADD_KEY, KEYCTL = 248, 250
JOIN_SESSION, SEARCH, SETPERM, SESSION = 1, 10, 5, -3
secret = os.environ["VICTIM_SECRET"].encode()
del os.environ["VICTIM_SECRET"]
if libc.syscall(KEYCTL, JOIN_SESSION, None) < 0:
    sys.exit("no session keyring")
key = libc.syscall(ADD_KEY, b"user", b"lowbox-victim", secret, ctypes.c_size_t(len(secret)), SESSION)
libc.syscall(KEYCTL, SETPERM, key, ctypes.c_uint(0x3F3F3F3F))
code = subprocess.call(sys.argv[1:])
if libc.syscall(KEYCTL, SEARCH, SESSION, b"user", b"lowbox-planted", 0) > 0:
    print("OUTSIDE a key was planted", flush=True)
sys.exit(code)
