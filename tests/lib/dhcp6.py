"""A DHCPv6 server that does as it is told, for what no real server would say: each test gives the function that
answers. Messages are built by hand (RFC 8415)."""

import collections
import socket
import struct

from datagrams import ScriptedServer

SOLICIT, ADVERTISE, REQUEST, CONFIRM, RENEW, REBIND, REPLY, RELEASE, DECLINE, RECONFIGURE = range(1, 11)
INFORMATION_REQUEST = 11
CLIENT_ID, SERVER_ID, IA_NA, IA_TA, IA_ADDRESS, PREFERENCE = 1, 2, 3, 4, 5, 7
STATUS_CODE, VENDOR_OPTS, RECONF_MSG = 13, 17, 19
DNS_SERVERS, DOMAIN_LIST, IA_PD, SNTP_SERVERS, FQDN, NTP_SERVER = 23, 24, 25, 31, 39, 56
SUCCESS, UNSPEC_FAIL, NO_ADDRS_AVAIL, NO_BINDING = range(4)
SERVERS, SERVER_PORT, CLIENT_PORT = "ff02::1:2", 547, 546
DUID = bytes.fromhex("0003000102000000bad1")
FOREVER_S = 0xFFFFFFFF

Request = collections.namedtuple("Request", "kind xid options source")


def ip6(*addresses):
    return b"".join(socket.inet_pton(socket.AF_INET6, address) for address in addresses)


def option(code, data=b"", length=None):
    """LENGTH: what it says of itself, when that is not the truth."""
    return struct.pack("!HH", code, len(data) if length is None else length) + data


def ia_address(address, valid_s=7200, preferred_s=3600, options=b""):
    return option(IA_ADDRESS, ip6(address) + struct.pack("!II", preferred_s, valid_s) + options)


def ia_na(request, *contents, t1_s=1800, t2_s=2880, iaid=None):
    """An IA_NA for what REQUEST asked for, with the options CONTENTS in it."""
    return option(IA_NA, (iaid or iaid_of(request)) + struct.pack("!II", t1_s, t2_s) + b"".join(contents))


def iaid_of(request):
    return request.options.get(IA_NA, bytes(4))[:4]


def status(code, text=b""):
    return option(STATUS_CODE, struct.pack("!H", code) + text)


def read_options(data):
    found, at = {}, 0
    while at + 4 <= len(data):
        code, length = struct.unpack_from("!HH", data, at)
        found[code] = data[at + 4:at + 4 + length]
        at += 4 + length
    return found


def requested(request):
    """The addresses that REQUEST names in its IA_NA."""
    data, found = request.options.get(IA_NA, b"")[12:], []
    while len(data) >= 4:
        code, length = struct.unpack_from("!HH", data)
        if code == IA_ADDRESS:
            found.append(socket.inet_ntop(socket.AF_INET6, data[4:20]))
        data = data[4 + length:]
    return found


def message(kind, request, *options, xid=None, client_id=None, server_id=DUID):
    """A whole message: OPTIONS are bytes as they shall stand in it, behind who it is from and for. b"" for an
    identifier leaves that one out."""
    own = b""
    client_id = request.options[CLIENT_ID] if client_id is None else client_id
    for code, data in ((CLIENT_ID, client_id), (SERVER_ID, server_id)):
        own += option(code, data) if data else b""
    return bytes([kind]) + (xid or request.xid) + own + b"".join(options)


def answer_kind(request):
    return ADVERTISE if request.kind == SOLICIT else REPLY


BEST = option(PREFERENCE, b"\xff")  # the client waits for no other one (RFC 8415 18.2.1)


def grant(address, options=b"", valid_s=7200, preferred_s=3600, **timers):
    """An answer for ScriptedDhcp6: ADDRESS and OPTIONS, to everyone."""
    def answer(request):
        given = b""
        if IA_NA in request.options:
            given = ia_na(request, ia_address(address, valid_s, preferred_s), **timers)
        return [message(answer_kind(request), request, BEST, given, options)]
    return answer


def refuse(request):
    """Of a renewal this makes the client ask anew at once."""
    return [message(answer_kind(request), request, status(UNSPEC_FAIL))]


class ScriptedDhcp6(ScriptedServer):
    """Port 547 of LAN's bridge."""

    def __init__(self, lan, answer):
        made = lan.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        with lan.entered():
            index = socket.if_nametoindex("br0")
        group = socket.inet_pton(socket.AF_INET6, SERVERS) + struct.pack("@I", index)
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group)
        made.bind(("::", SERVER_PORT))
        super().__init__(made, answer)

    def read(self, data, source):
        return Request(data[0], data[1:4], read_options(data[4:]), source)

    def send(self, data, request):
        """Sends DATA to whoever sent REQUEST."""
        self.socket.sendto(data, request.source)
