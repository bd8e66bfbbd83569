"""A DNS server that does as it is told, for what no real server would say: each test gives the function that
answers. Messages are built by hand (RFC 1035 4.1)."""

import collections
import socket
import struct
import threading
import time

A, CNAME, SRV, AAAA = 1, 5, 33, 28
NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5

Question = collections.namedtuple("Question", "name type tcp id wire")


def name(text):
    """TEXT as labels, uncompressed."""
    labels = [label.encode() for label in text.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def record(owner, kind, ttl, data, dns_class=1):
    owner = owner if isinstance(owner, bytes) else name(owner)
    return owner + struct.pack("!HHIH", kind, dns_class, ttl & 0xFFFFFFFF, len(data)) + data


def srv(owner, host, port=1688, priority=0, weight=0, ttl=60):
    host = host if isinstance(host, bytes) else name(host)
    return record(owner, SRV, ttl, struct.pack("!3H", priority, weight, port) + host)


def address(owner, text, ttl=60):
    if ":" in text:
        return record(owner, AAAA, ttl, socket.inet_pton(socket.AF_INET6, text))
    return record(owner, A, ttl, socket.inet_aton(text))


def cname(owner, target, ttl=60):
    return record(owner, CNAME, ttl, name(target))


def reply(question, *answers, code=NOERROR, truncated=False):
    """A whole message with ANSWERS, each a record."""
    flags = 0x8180 | code | (0x0200 if truncated else 0)
    return struct.pack("!6H", question.id, flags, 1, len(answers), 0, 0) + question.wire + b"".join(answers)


def parse_question(message, tcp):
    labels, at = [], 12
    while message[at] != 0:
        labels.append(message[at + 1:at + 1 + message[at]].decode("ascii", "replace"))
        at += 1 + message[at]
    kind, = struct.unpack_from("!H", message, at + 1)
    number, = struct.unpack_from("!H", message)
    return Question(".".join(labels).lower(), kind, tcp, number, message[12:at + 5])


class ScriptedServer:
    """Port 53 of ADDRESS in NAMESPACE, UDP and, unless TCP is false, TCP. ANSWER(question) returns the message to
    send, or None for silence. `asked` are (time.monotonic(), question) of each question as it came."""

    def __init__(self, namespace, address, answer, tcp=True):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.answer = answer
        self.asked, self.errors = [], []
        self.ended = False
        self.udp = namespace.socket(family, socket.SOCK_DGRAM)
        self.udp.bind((address, 53))
        self.sockets = [self.udp]
        self.threads = [threading.Thread(target=self._guard, args=(self._serve_udp,), daemon=True)]
        if tcp:
            self.tcp = namespace.socket(family, socket.SOCK_STREAM)
            self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.tcp.bind((address, 53))
            self.tcp.listen(16)
            self.sockets.append(self.tcp)
            self.threads.append(threading.Thread(target=self._guard, args=(self._serve_tcp,), daemon=True))
        for sock in self.sockets:
            sock.settimeout(0.2)
        for thread in self.threads:
            thread.start()

    def _guard(self, serve):
        while not self.ended:
            try:
                serve()
            except TimeoutError:
                continue
            except OSError as error:
                self.errors.append(repr(error))

    def _find_answer(self, message, tcp):
        question = parse_question(message, tcp)
        self.asked.append((time.monotonic(), question))
        return self.answer(question)

    def _serve_udp(self):
        message, peer = self.udp.recvfrom(4096)
        answer = self._find_answer(message, False)
        if answer is not None:
            self.udp.sendto(answer, peer)

    def _serve_tcp(self):
        peer, _ = self.tcp.accept()
        with peer:
            peer.settimeout(5)
            length, = struct.unpack("!H", peer.recv(2, socket.MSG_WAITALL))
            answer = self._find_answer(peer.recv(length, socket.MSG_WAITALL), True)
            if answer is not None:
                peer.sendall(struct.pack("!H", len(answer)) + answer)

    def times(self, kind, of=""):
        """When questions of this type came, for names that end in OF."""
        return [when for when, question in list(self.asked) if question.type == kind and question.name.endswith(of)]

    def exhibits(self):
        yield "scripted DNS server: asked", "\n".join(f"{when:.3f} {question[:3]}" for when, question in self.asked)
        yield "scripted DNS server: errors", "\n".join(self.errors)

    def close(self):
        self.ended = True
        for thread in self.threads:
            thread.join()
        for sock in self.sockets:
            sock.close()


class Zone:
    """An answer function of plain data: `records` maps (name, type) to a list of records, or to a response code;
    other names do not exist, other types of a known name have no data."""

    def __init__(self, records):
        self.records = records

    def __call__(self, question):
        found = self.records.get((question.name, question.type))
        if isinstance(found, int):
            return reply(question, code=found)
        if found is None:
            known = any(known == question.name for known, _ in self.records)
            return reply(question, code=NOERROR if known else NXDOMAIN)
        return reply(question, *found)
