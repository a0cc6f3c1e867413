"""The world outside: world.py FOLDER. Greets on port 80 (and [::]:81), by TCP and UDP, serves FOLDER over TLS on port 443 with FOLDER/../cert.pem,
and answers for a few names on port 53. Prints READY."""
import errno
import functools
import http.server
import socket
import socketserver
import ssl
import struct
import sys
import threading

folder = sys.argv[1]
NAMES = {
    "web.example": ["93.184.216.34"],
    "nas.local": ["10.7.0.2"],
    "rebind.example": ["10.7.0.2", "169.254.169.254", "93.184.216.34"],
}


def serve(server):
    threading.Thread(target=server.serve_forever, daemon=True).start()


class Greeter(socketserver.BaseRequestHandler):
    def handle(self):
        try:
            self.request.sendall(f"hello {self.client_address[0]}\n".encode())
            while self.request.recv(65536):
                pass
        except OSError:
            pass


class V4(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 100


class V6(V4):
    address_family = socket.AF_INET6


class Datagrams(socketserver.BaseRequestHandler):
    """Says hello and how long the datagram was; `other` is answered from another port, which nobody has spoken to."""

    def handle(self):
        told, sock = self.request
        if told == b"other":
            sock = socket.socket(sock.family, socket.SOCK_DGRAM)
        sock.sendto(f"hello {self.client_address[0]} {self.client_address[1]} {len(told)}".encode(), self.client_address)


class UdpV4(socketserver.ThreadingUDPServer):
    max_packet_size = 65536


class UdpV6(UdpV4):
    address_family = socket.AF_INET6


# Each answers from the address that it was spoken to.
UDP = [
    (UdpV4, ("93.184.216.34", 80)),
    (UdpV4, ("10.7.0.2", 80)),
    (UdpV4, ("169.254.169.254", 80)),
    (UdpV4, ("10.7.0.1", 80)),
    (UdpV4, ("127.0.0.1", 80)),
    (UdpV6, ("2a00:99::1", 81)),
    (UdpV6, ("2a00:7::1", 81)),
]


def serve_datagrams():
    for kind, address in UDP:
        try:
            serve(kind(address, Datagrams))
        except OSError as error:
            # The other's.
            if error.errno != errno.EADDRNOTAVAIL:
                raise


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *unused):
        pass


def answer(query):
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += query[at] + 1
    name, (kind,) = ".".join(labels).lower(), struct.unpack(">H", query[at + 1 : at + 3])
    addresses = NAMES.get(name)
    told = addresses if addresses and kind == 1 else []
    records = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + socket.inet_aton(one) for one in told)
    head = struct.pack(">HHHHH", 0x8180 | (0 if addresses else 3), 1, len(told), 0, 0)
    return query[:2] + head + query[12 : at + 5] + records


class OverUdp(socketserver.BaseRequestHandler):
    def handle(self):
        self.request[1].sendto(answer(self.request[0]), self.client_address)


class OverTcp(socketserver.BaseRequestHandler):
    def handle(self):
        (length,) = struct.unpack(">H", self.request.recv(2))
        told = answer(self.request.recv(length))
        self.request.sendall(struct.pack(">H", len(told)) + told)


serve(V4(("0.0.0.0", 80), Greeter))
V6.allow_dual_stack = False
serve(V6(("::", 81), Greeter))
serve_datagrams()
if len(sys.argv) > 2:
    serve(socketserver.ThreadingUDPServer(("0.0.0.0", 53), OverUdp))
    serve(V4(("0.0.0.0", 53), OverTcp))
    web = V4(("0.0.0.0", 443), functools.partial(Quiet, directory=folder))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2])
    web.socket = context.wrap_socket(web.socket, server_side=True)
    serve(web)
print("READY", flush=True)
threading.Event().wait()
