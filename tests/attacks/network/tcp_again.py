"""Makes a socket that was connected to a service that may be reached (port ALLOWED) lead to the victim, or listen: without
connect, by disconnecting it, by every call that sends (Network; pitfall 18). tcp_again.py HOW ALLOWED VICTIM"""
import ctypes
import socket
import struct
import sys
from attack import attempt, libc, say, syscall, tried

how, allowed, victim = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
MSG_FASTOPEN, SENDMMSG, DISCONNECT = 0x20000000, 307, bytes(16)
tried()
sock = socket.socket()
sock.settimeout(5)
attempt(lambda: sock.connect(("127.0.0.1", allowed)), "connect to what is allowed")
sock.settimeout(None)
if how != "disconnect":
    # The service ends the connection; what is left is a closed socket.
    attempt(lambda: sock.shutdown(socket.SHUT_WR), "shutdown")
    attempt(lambda: sock.recv(100), "recv")
target = ("127.0.0.1", victim)
raw = struct.pack("=H", socket.AF_INET) + struct.pack(">H", victim) + socket.inet_aton("127.0.0.1") + bytes(8)


def disconnect():
    if libc.connect(sock.fileno(), DISCONNECT, 16) < 0:
        say("DENIED", f"AF_UNSPEC {ctypes.get_errno()}")


class Message(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("length", ctypes.c_uint), ("vectors", ctypes.c_void_p),
                ("count", ctypes.c_size_t), ("control", ctypes.c_void_p), ("size", ctypes.c_size_t),
                ("flags", ctypes.c_int), ("sent", ctypes.c_uint)]


if how == "listen":
    disconnect()
    if attempt(lambda: sock.listen() or True, "listen"):
        say("READY", f"port={sock.getsockname()[1]}")
        sock.settimeout(2)
        peer = attempt(sock.accept, "accept")
        if peer:
            peer[0].sendall(b"served")
else:
    disconnect()
    if how == "disconnect":
        attempt(lambda: sock.connect(target), "connect")
    elif how == "sendto":
        attempt(lambda: sock.sendto(b"hello", MSG_FASTOPEN, target), "sendto")
    elif how == "sendmsg":
        attempt(lambda: sock.sendmsg([b"hello"], [], MSG_FASTOPEN, target), "sendmsg")
    elif how == "sendmmsg":
        data = ctypes.create_string_buffer(b"hello")
        vector = (ctypes.c_size_t * 2)(ctypes.addressof(data), 5)
        message = Message(raw, 16, ctypes.addressof(vector), 1, None, 0, 0, 0)
        attempt(lambda: syscall(SENDMMSG, sock.fileno(), ctypes.byref(message), 1, MSG_FASTOPEN), "sendmmsg")
    elif how == "option":
        attempt(lambda: sock.setsockopt(socket.IPPROTO_TCP, 30, 1), "TCP_FASTOPEN_CONNECT")
        attempt(lambda: sock.connect(target), "connect")
        attempt(lambda: sock.sendto(b"hello", target), "sendto")
