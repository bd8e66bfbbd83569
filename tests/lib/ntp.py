"""NTP by hand (RFC 5905 section 7.3): a server that says what no real one would."""

import socket
import struct
import threading
import time

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


class NtpServer:
    """On port 123 of ADDRESS in NAMESPACE. ANSWER(query) gives what is sent back, or None; it may be changed at any
    time. `count` says how many questions have come."""

    def __init__(self, namespace, address, answer=reply):
        self.answer = answer
        self.count = 0
        self.errors = []
        self.ended = False
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.socket = namespace.socket(family, socket.SOCK_DGRAM)
        self.socket.bind((address, 123))
        self.socket.settimeout(0.2)
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while not self.ended:
            try:
                query, peer = self.socket.recvfrom(1024)
                answer = self.answer(query)
                if answer is not None:
                    self.socket.sendto(answer, peer)
                self.count += 1
            except TimeoutError:
                continue
            except Exception as error:
                self.errors.append(repr(error))

    def exhibits(self):
        yield "NTP server", f"{self.count} questions, errors: {self.errors}"

    def close(self):
        self.ended = True
        self.thread.join()
        self.socket.close()
        assert not self.errors, self.errors
