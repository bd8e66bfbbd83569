"""NTP by hand (RFC 5905 section 7.3): a server that says what no real one would."""

import socket
import struct
import time

from datagrams import DatagramServer

UNIX_EPOCH = 2208988800  # seconds from 1900 to 1970
ERA = 1 << 32


def timestamp(unix_s):
    """64 bits since 1900, modulo an era."""
    return struct.pack("!Q", int((unix_s + UNIX_EPOCH) * ERA) % (1 << 64))


def year(number):
    """Its begin, roughly, in seconds since 1970."""
    return (number - 1970) * 365.2425 * 86400


def reply(query, leap=0, stratum=1, reference=b"GPS\0", received_s=None, sent_s=None, dispersion_s=0.01, received=None,
          sent=None, origin=None):
    """An answer to QUERY, from a clock that is right where nothing else is said. RECEIVED and SENT are timestamps."""
    now = time.time()
    head = struct.pack("!BBBbII", leap << 6 | 4 << 3 | 4, stratum, 6, -20, 0, int(dispersion_s * 65536)) + reference
    return (head + timestamp(now - 10) + (origin or query[40:48]) +
            (received or timestamp(now if received_s is None else received_s)) +
            (sent or timestamp(now if sent_s is None else sent_s)))


class NtpServer(DatagramServer):
    """On port 123 of ADDRESS in NAMESPACE. ANSWER(query) gives what is sent back, or None; it may be changed at any
    time. `count` says how many questions have come."""

    def __init__(self, namespace, address, answer=reply):
        self.answer = answer
        self.count = 0
        made = namespace.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        made.bind((address, 123))
        super().__init__(made)

    def take(self, query, peer):
        answer = self.answer(query)
        if answer is not None:
            self.socket.sendto(answer, peer)
        self.count += 1

    def exhibits(self):
        yield "NTP server", f"{self.count} questions, errors: {self.errors}"
