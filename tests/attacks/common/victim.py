"""The other side of an attack: an ordinary process outside the container.

victim.py KIND ARGUMENTS… prints one line READY name=value… (the values become placeholders of the attack) and a line
EVENT … for everything that reaches it."""
import ctypes
import os
import signal
import socket
import sys
import time

SECRET = os.environ["VICTIM_SECRET"]
TYPES = {"stream": socket.SOCK_STREAM, "dgram": socket.SOCK_DGRAM, "seqpacket": socket.SOCK_SEQPACKET}
libc = ctypes.CDLL(None, use_errno=True)


def ready(**values):
    print("READY", *(f"{name}={value}" for name, value in values.items()), f"pid={os.getpid()}", flush=True)


def event(what):
    print("EVENT", what, flush=True)


def process():
    """Holds the secret in its environment, in memory and in an open file; notices when its memory is written."""
    libc.prctl(0x59616D61, ctypes.c_ulong(-1 & (2**64 - 1)), 0, 0, 0)  # PR_SET_PTRACER_ANY: Yama is not what is tested
    buffer = ctypes.create_string_buffer(SECRET.encode(), 64)
    fd = os.memfd_create("victim")
    os.write(fd, SECRET.encode())
    ready(address=hex(ctypes.addressof(buffer)), fd=fd)
    while True:
        time.sleep(0.01)
        if buffer.value != SECRET.encode():
            event("memory was written")
            return time.sleep(600)


def unix(kind, *names):
    """Listens on each name (a path, or @name for an abstract one); answers a peer with the secret."""
    listeners = []
    for name in names:
        sock = socket.socket(socket.AF_UNIX, TYPES[kind])
        sock.bind("\0" + name[1:] if name.startswith("@") else name)
        if not name.startswith("@"):
            os.chmod(name, 0o777)
        if kind != "dgram":
            sock.listen(4096)
        listeners.append(sock)
    fd = os.memfd_create("victim")
    os.write(fd, SECRET.encode())
    ready(fd=fd)
    while True:
        if kind != "dgram":
            peer, _ = listeners[0].accept()
            event("a connection")
            try:
                peer.sendall(SECRET.encode())
            except OSError:
                pass  # the peer is gone already
        else:
            event(f"a datagram {listeners[0].recv(4096)!r}")


def inet(kind, address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
    if kind == "tcp":
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 5)
    sock.bind((address, 0))
    if kind == "tcp":
        sock.listen()
    ready(port=sock.getsockname()[1])
    while True:
        if kind == "tcp":
            peer, _ = sock.accept()
            event("a connection")
            peer.sendall(SECRET.encode())
            peer.close()
        else:
            event(f"a datagram {sock.recvfrom(4096)[0]!r}")


def command(*words):
    """Becomes a program that prints READY itself."""
    os.execvp(words[0], words)


def fifo(path):
    """Reads a FIFO for ever."""
    os.mkfifo(path)
    os.chmod(path, 0o666)
    fd = os.open(path, os.O_RDWR)
    ready()
    while True:
        event(f"{os.read(fd, 4096)!r}")


def sysv():
    """A System V segment and a message queue with the secret in them."""
    libc.shmat.restype = ctypes.c_void_p
    key = int.from_bytes(os.urandom(3), "little") + 1
    segment = libc.shmget(key, 4096, 0o1666)
    queue = libc.msgget(key, 0o1666)
    if segment < 0 or queue < 0:
        raise OSError(ctypes.get_errno(), "shmget")
    at = libc.shmat(segment, None, 0)
    ctypes.memmove(at, SECRET.encode(), len(SECRET))
    message = (1).to_bytes(8, "little") + SECRET.encode()
    libc.msgsnd(queue, message, len(SECRET), 0)

    def end(*_):
        libc.shmctl(segment, 0, None)
        libc.msgctl(queue, 0, None)
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    ready(key=key, segment=segment)
    time.sleep(600)


def posix(name):
    """A POSIX shared memory object and a message queue of that name."""
    shared = f"/dev/shm/{name}"
    with open(shared, "w") as file:
        file.write(SECRET)
    os.chmod(shared, 0o666)
    rt = ctypes.CDLL("librt.so.1", use_errno=True)
    queue = rt.mq_open(f"/{name}".encode(), os.O_CREAT | os.O_RDWR, ctypes.c_uint(0o666), None)
    if queue < 0:
        raise OSError(ctypes.get_errno(), "mq_open")
    rt.mq_send(queue, SECRET.encode(), ctypes.c_size_t(len(SECRET)), 0)

    def end(*_):
        os.unlink(shared)
        rt.mq_unlink(f"/{name}".encode())
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    ready()
    time.sleep(600)


def handle(path):
    """Gives away the file handle of a path: an attacker can guess one, inode numbers are small."""
    class Handle(ctypes.Structure):
        _fields_ = [("bytes", ctypes.c_uint), ("type", ctypes.c_int), ("data", ctypes.c_ubyte * 128)]

    found, mount = Handle(bytes=128), ctypes.c_int()
    if libc.name_to_handle_at(-100, path.encode(), ctypes.byref(found), ctypes.byref(mount), 0) < 0:
        raise OSError(ctypes.get_errno(), "name_to_handle_at")
    ready(type=found.type, handle=bytes(found.data[: found.bytes]).hex())
    time.sleep(600)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
