"""allowed_service.py PORT COMMAND…: runs the command beside a service on loopback that ends each connection."""
import socket
import subprocess
import sys
import threading

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen(100)


def serve():
    while True:
        peer, _ = server.accept()
        try:
            peer.recv(100)
        except OSError:
            pass
        peer.close()


threading.Thread(target=serve, daemon=True).start()
sys.exit(subprocess.call(sys.argv[2:]))
