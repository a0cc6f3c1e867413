"""A server on all interfaces, port 8080: serve.py blocking|asyncio|listen. Says READY, then each peer."""
import asyncio
import socket
import sys

if sys.argv[1] == "asyncio":

    async def handle(reader, writer):
        print("peer", writer.get_extra_info("peername")[0], flush=True)
        writer.write(b"served\n")
        await writer.drain()
        writer.close()

    async def main():
        server = await asyncio.start_server(handle, "0.0.0.0", 8080, reuse_address=True)
        print("READY 8080", flush=True)
        await server.serve_forever()

    asyncio.run(main())
else:
    sock = socket.socket(socket.AF_INET6)
    if sys.argv[1] == "blocking":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("::", 8080))
    sock.listen()
    print("READY", sock.getsockname()[1], flush=True)
    while True:
        peer, address = sock.accept()
        print("peer", address[0].removeprefix("::ffff:"), flush=True)
        peer.sendall(b"served\n")
        peer.close()
