"""Floods, each by a process of its own, that do not stop before they are closed.

    flood.py connections KIND ADDRESS PORT NUMBER SOURCE...   as many connections as NUMBER, made anew when they end
    flood.py frames IFNAME RATE FILE                          the frames in FILE, again and again, RATE in a second

A KIND of connection, with a first PDU that a guard passes read from standard input:

    silent   says nothing                      drip    sends its PDU, a byte in a second
    storm    is reset as soon as it is there   sit     sends its PDU, and reads nothing
"""

import contextlib
import errno
import itertools
import pathlib
import resource
import selectors
import signal
import socket
import struct
import subprocess
import sys
import time

IPV6_FREEBIND, IP_FREEBIND, IP_BIND_ADDRESS_NO_PORT = 78, 15, 24
KINDS = ("silent", "storm", "drip", "sit")
RESET = struct.pack("ii", 1, 0)
TICK_S = 0.005
OPENED_MAX = 16  # in a tick: some thousand in a second


class Connections:
    """In the process of its own."""

    def __init__(self, kind, address, port, number, sources, pdu):
        self.kind, self.pdu = kind, pdu
        self.target = (address, port)
        self.number, self.sources = number, itertools.cycle(sources)
        self.family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.ready = selectors.DefaultSelector()
        self.sent = {}  # how much of its PDU each one has sent

    def open(self):
        sock = socket.socket(self.family, socket.SOCK_STREAM)
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        if self.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
        sock.bind((next(self.sources), 0))
        if sock.connect_ex(self.target) not in (0, errno.EINPROGRESS):
            sock.close()
            return False
        self.sent[sock] = 0
        self.ready.register(sock, selectors.EVENT_WRITE)
        return True

    def close(self, sock):
        self.ready.unregister(sock)
        del self.sent[sock]
        sock.close()

    def step(self, sock, events):
        if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0 or events & selectors.EVENT_READ:
            self.close(sock)
        elif self.kind == "storm":
            self.close(sock)
        else:
            if self.kind == "sit":
                sock.send(self.pdu)
            # What it would read stays there: only an end is told.
            self.ready.modify(sock, 0 if self.kind == "sit" else selectors.EVENT_READ)

    def drip(self):
        for sock, sent in list(self.sent.items()):
            try:
                self.sent[sock] += sock.send(self.pdu[sent:sent + 1])
            except BlockingIOError:
                pass  # not there yet
            except OSError:
                self.close(sock)

    def sweep(self):
        """Those that sit are told of their end by nothing but an error."""
        for sock in list(self.sent):
            with contextlib.suppress(BlockingIOError):
                try:
                    if sock.recv(1, socket.MSG_PEEK) == b"":
                        self.close(sock)
                except ConnectionError:
                    self.close(sock)

    def run(self):
        next_second = time.monotonic() + 1
        while True:
            missing = self.number - len(self.sent)
            for _ in range(min(missing, OPENED_MAX)):
                if not self.open():
                    break
            next_tick = time.monotonic() + TICK_S
            for key, events in self.ready.select(TICK_S):
                with contextlib.suppress(OSError, KeyError):
                    self.step(key.fileobj, events)
            if (early_s := next_tick - time.monotonic()) > 0:
                time.sleep(early_s)
            if time.monotonic() >= next_second:
                next_second = time.monotonic() + 1
                if self.kind == "drip":
                    self.drip()
                if self.kind == "sit":
                    self.sweep()


def send_frames(ifname, rate, path):
    data, frames, at = pathlib.Path(path).read_bytes(), [], 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at:at + 2], "big")
        frames.append(data[at + 2:end])
        at = end
    begin, sent = time.monotonic(), 0
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as wire:
        wire.bind((ifname, 0))
        for frame in itertools.cycle(frames):
            with contextlib.suppress(BlockingIOError, InterruptedError):
                try:
                    wire.send(frame)
                except OSError as error:
                    if error.errno != errno.ENOBUFS:
                        raise
            sent += 1
            if sent % 32 == 0:
                time.sleep(max(0, begin + sent / rate - time.monotonic()))
                begin = max(begin, time.monotonic() - sent / rate - 1)  # what was missed is not sent in a burst


class Flood:
    """For tests: a flood from NAMESPACE, until close()."""

    def __init__(self, namespace, *arguments, data=b""):
        # It would have a machine of its own, so it takes no time from what it floods.
        self.child = namespace.start("nice", sys.executable, "-B", __file__, *arguments, stdin=subprocess.PIPE)
        self.child.stdin.write(data)
        self.child.stdin.close()

    @classmethod
    def of_connections(cls, namespace, kind, address, port, number, sources, pdu):
        return cls(namespace, "connections", kind, address, port, number, *sources, data=pdu)

    @classmethod
    def of_frames(cls, namespace, ifname, rate, frames, folder):
        path = pathlib.Path(folder) / f"frames{id(frames)}"
        path.write_bytes(b"".join(len(frame).to_bytes(2, "big") + frame for frame in frames))
        return cls(namespace, "frames", ifname, rate, path)

    def close(self):
        status = self.child.poll()
        if status is None:
            self.child.kill()
            self.child.wait()
        assert status is None, f"expected the flood to last, it ended with status {status}"


def main(what, *arguments):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if what == "frames":
        send_frames(arguments[0], int(arguments[1]), arguments[2])
    kind, address, port, number, *sources = arguments
    Connections(kind, address, int(port), int(number), sources, sys.stdin.buffer.read()).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
