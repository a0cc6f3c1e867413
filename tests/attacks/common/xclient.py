"""As much of the X11 protocol as an attacker needs, and the user whose screen it is."""
import socket
import struct


class Display:
    def __init__(self, number, cookie=b"", way=None):
        self.events = []
        path = f"/tmp/.X11-unix/X{number}"
        ways = {"path": path, "abstract": "\0" + path, "tcp": ("127.0.0.1", 6000 + int(number))}
        for name in [ways[way]] if way else [path, "\0" + path]:
            self.socket = socket.socket(socket.AF_UNIX if isinstance(name, str) else socket.AF_INET)
            try:
                self.socket.connect(name)
                break
            except OSError as error:
                failure = error
        else:
            raise failure
        protocol = b"MIT-MAGIC-COOKIE-1\0\0" if cookie else b""
        self.socket.sendall(struct.pack("<BxHHHHxx", 0x6C, 11, 0, 18 if cookie else 0, len(cookie)) + protocol + cookie)
        length = struct.unpack_from("<H", self.read(8), 6)[0]
        setup = self.read(length * 4)
        self.free = struct.unpack_from("<I", setup, 4)[0]
        vendor, formats = struct.unpack_from("<H", setup, 16)[0], setup[21]
        self.root = struct.unpack_from("<I", setup, 32 + (vendor + 3) // 4 * 4 + 8 * formats)[0]

    def read(self, length):
        data = b""
        while len(data) < length:
            part = self.socket.recv(length - len(data))
            if not part:
                raise ConnectionError("the X server hung up")
            data += part
        return data

    def packet(self):
        head = self.read(32)
        if head[0] == 1:
            return head + self.read(struct.unpack_from("<I", head, 4)[0] * 4)
        return head

    def send(self, opcode, detail, layout="", *values, tail=b""):
        body = struct.pack("<" + layout, *values) + tail
        body += bytes(-len(body) % 4)
        self.socket.sendall(struct.pack("<BBH", opcode, detail, 1 + len(body) // 4) + body)

    def ask(self, *request, tail=b""):
        self.send(*request, tail=tail)
        while True:
            packet = self.packet()
            if packet[0] == 1:
                return packet
            if packet[0] == 0:
                raise ConnectionError(f"the X server answers error {packet[1]}")
            self.events.append(packet)

    def event(self):
        return self.events.pop(0) if self.events else self.packet()

    def atom(self, name):
        return struct.unpack_from("<I", self.ask(16, 0, "Hxx", len(name), tail=name.encode()), 8)[0]

    def window(self, colour=0):
        self.free += 1
        # CreateWindow with a background and KeyPress events.
        self.send(1, 0, "IIhhHHHHIIII", self.free, self.root, 0, 0, 8, 8, 0, 1, 0, 0x802, colour, 1)
        return self.free

    def press(self, keycode, kind=2):
        extension = self.ask(98, 0, "Hxx", 5, tail=b"XTEST")[9]
        self.send(extension, 2, "BBxxII8xhh7xB", kind, keycode, 0, self.root, 0, 0, 0)
        self.ask(44, 0)
