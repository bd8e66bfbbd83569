"""A DHCPv4 server that does as it is told, for what no real server would say: each test gives the function that
answers. Messages are built by hand (RFC 2131, 2132)."""

import collections
import socket
import struct

from datagrams import ScriptedServer

DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK = 1, 2, 3, 4, 5, 6
MASK, ROUTERS, DNS, LOG_SERVERS, HOST_NAME, DOMAIN, STATIC_ROUTES, NTP = 1, 3, 6, 7, 12, 15, 33, 42
LEASE_TIME, OVERLOAD, KIND, SERVER_ID, SEARCH, CLASSLESS_ROUTES = 51, 52, 53, 54, 119, 121
SERVER = "192.0.2.1"
COOKIE = b"\x63\x82\x53\x63"
HEAD = struct.Struct("!4B I 2H 4s 4s 4s 4s 16s")  # up to chaddr; sname and file follow

Request = collections.namedtuple("Request", "kind xid ciaddr chaddr options")


def ip(*addresses):
    return b"".join(map(socket.inet_aton, addresses))


def option(code, data):
    """One option; more than 255 bytes become several of the same code (RFC 3396)."""
    pieces = [data[at:at + 255] for at in range(0, len(data), 255)] or [b""]
    return b"".join(bytes([code, len(piece)]) + piece for piece in pieces)


def read_options(data):
    found, at = {}, 0
    while at < len(data) and data[at] != 255:
        if data[at] == 0:
            at += 1
            continue
        found[data[at]] = found.get(data[at], b"") + data[at + 2:at + 2 + data[at + 1]]
        at += 2 + data[at + 1]
    return found


def read_request(message):
    fields = HEAD.unpack_from(message)
    options = read_options(message[240:])
    return Request(options.get(KIND, b"\0")[0], fields[4], fields[7], fields[11], options)


def reply(request, kind, address, options=b"", server=SERVER, lease_s=3600, mask="255.255.255.0", sname=b"", file=b"",
          end=b"\xff"):
    """A whole message; OPTIONS are bytes as they shall stand in it, behind those that each message has."""
    head = HEAD.pack(2, 1, 6, 0, request.xid, 0, 0x8000, bytes(4), ip(address), ip(server), bytes(4), request.chaddr)
    own = option(KIND, bytes([kind])) + option(SERVER_ID, ip(server))
    if kind != NAK:
        own += option(LEASE_TIME, struct.pack("!I", lease_s)) + option(MASK, ip(mask))
    return head + sname.ljust(64, b"\0") + file.ljust(128, b"\0") + COOKIE + own + options + end


def grant(address, options=b"", **shape):
    """An answer for ScriptedDhcp: ADDRESS, to everyone."""
    def answer(request):
        kind = {DISCOVER: OFFER, REQUEST: ACK}.get(request.kind)
        return [reply(request, kind, address, options, **shape)] if kind else []
    return answer


class ScriptedDhcp(ScriptedServer):
    """Port 67 of LAN's bridge."""

    def __init__(self, lan, answer):
        made = lan.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"br0")
        made.bind(("", 67))
        super().__init__(made, answer)

    def read(self, data, source):
        return read_request(data)

    def send(self, message, request):
        # A renewal has an address to answer to; before that everybody hears it.
        there = socket.inet_ntoa(request.ciaddr) if any(request.ciaddr) else "255.255.255.255"
        self.socket.sendto(message, (there, 68))
