"""TCP peers that stand in the upstream host's place, and clients that compare each byte.

A peer runs in a thread with an asyncio loop; its sockets are made in the namespace it serves."""

import asyncio
import hashlib
import os
import socket
import struct
import threading

RESET = struct.pack("ii", 1, 0)  # SO_LINGER that makes close() send RST


async def echo(reader, writer, peer):
    """Sends back what comes, as it comes; the client's end of stream is answered with ours."""
    while data := await reader.read(65536):
        peer.received_bytes += len(data)
        writer.write(data)
        await writer.drain()
    writer.write_eof()


async def digest(reader, writer, peer):
    """Reads to the client's end of stream, then answers with the SHA-256 in hex: works only when a client's
    half-close passes and the other direction stays open."""
    state = hashlib.sha256()
    while data := await reader.read(65536):
        peer.received_bytes += len(data)
        state.update(data)
    writer.write(state.hexdigest().encode())
    writer.write_eof()


async def talk_first(reader, writer, peer):
    """Greets and ends its own stream at once, then reads to the client's end: `peer.received` holds it."""
    writer.write(b"greeting")
    writer.write_eof()
    while data := await reader.read(65536):
        peer.received_bytes += len(data)
        peer.received.append(data)


async def silent(reader, writer, peer):
    """Accepts and says nothing until the client goes."""
    while data := await reader.read(65536):
        peer.received_bytes += len(data)


async def reset(reader, writer, peer):
    """Resets the connection at the client's first byte."""
    await reader.read(1)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()


class TcpPeer:
    """A TCP server in NAMESPACE that treats each connection by BEHAVIOUR, one of the above.

    `clients` are the addresses that connected, `received_bytes` what came in all, `errors` what failed."""

    def __init__(self, namespace, behaviour, address="", port=1688, backlog=4096):
        self.behaviour = behaviour
        self.clients, self.received, self.errors, self.received_bytes = [], [], [], 0
        family = socket.AF_INET if "." in address else socket.AF_INET6
        self.socket = namespace.socket(family, socket.SOCK_STREAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.socket.bind((address, port))
        self.socket.listen(backlog)
        self.port = self.socket.getsockname()[1]
        self.backlog = backlog
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.server = self.loop.run_until_complete(
            asyncio.start_server(self._serve, sock=self.socket, backlog=self.backlog))
        self.loop.run_forever()
        self.server.close()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
            self.loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
        self.loop.close()

    async def _serve(self, reader, writer):
        self.clients.append(writer.get_extra_info("peername")[0])
        try:
            await self.behaviour(reader, writer, self)
        except OSError as error:
            self.errors.append(error)
        finally:
            writer.close()

    def close(self):
        """Stops listening and closes all connections; a second time does nothing."""
        if self.loop.is_closed():
            return
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()


async def _open(sock, destination):
    await asyncio.get_running_loop().sock_connect(sock, destination)
    return await asyncio.open_connection(sock=sock)


async def _exchange(connection, payload):
    async def send():
        writer.write(payload)
        await writer.drain()
        writer.write_eof()

    reader, writer = connection
    received, _ = await asyncio.gather(reader.read(-1), send())
    writer.close()
    return received


def exchange_at_once(namespace, host, port, count, payload_bytes, deadline_s):
    """COUNT connections from NAMESPACE to an echo peer, all open before the first byte is sent; each sends
    PAYLOAD_BYTES random bytes of its own and half-closes. Fails unless each gets back its own bytes."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    destination = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)[0][4]
    payloads = [os.urandom(payload_bytes) for _ in range(count)]
    sockets = [namespace.socket(family, socket.SOCK_STREAM) for _ in range(count)]
    for sock in sockets:
        sock.setblocking(False)

    async def all_of_them():
        connections = await asyncio.gather(*(_open(sock, destination) for sock in sockets))
        return await asyncio.gather(*map(_exchange, connections, payloads), return_exceptions=True)

    results = asyncio.run(asyncio.wait_for(all_of_them(), deadline_s))
    wrong = [(number, result if isinstance(result, Exception) else f"{len(result)} bytes")
             for number, (result, payload) in enumerate(zip(results, payloads)) if result != payload]
    assert not wrong, (f"expected {count} connections to get back their own {payload_bytes} bytes each; "
                       f"{len(wrong)} did not, the first: {wrong[:5]}")
