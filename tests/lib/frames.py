"""Ethernet frames by hand, for what no stack would send: half-open connections, fragments of nothing, claims of addresses."""

import ipaddress
import socket
import struct

from ndp import ALL_NODES, ALL_NODES_MAC, ICMPV6, checksum, ip6, option

BROADCAST = b"\xff" * 6
ETH_P_IP, ETH_P_ARP, ETH_P_IPV6 = 0x0800, 0x0806, 0x86DD
ICMP, TCP, UDP, FRAGMENT = 1, 6, 17, 44
SYN, MORE_FRAGMENTS = 2, 0x2000


def mac_of(address):
    """Of whoever pretends to be at ADDRESS."""
    return b"\x02\x66" + ipaddress.ip_address(address).packed[-4:]


def ethernet(to, source, kind, payload):
    return to + mac_of(source) + struct.pack("!H", kind) + payload


def ipv4(source, destination, protocol, payload, identification=0, fragment=0, options=b""):
    """FRAGMENT: flags and offset in units of 8 bytes."""
    words = 5 + len(options) // 4
    head = struct.pack("!BBHHHBBH4s4s", 0x40 | words, 0, words * 4 + len(payload), identification, fragment, 64, protocol, 0,
                       socket.inet_aton(source), socket.inet_aton(destination)) + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def ipv6(source, destination, next_header, payload, hop_limit=64):
    return struct.pack("!IHBB", 6 << 28, len(payload), next_header, hop_limit) + ip6(source) + ip6(destination) + payload


def packet(to, source, destination, protocol, payload, **more):
    if ":" in source:
        return ethernet(to, source, ETH_P_IPV6, ipv6(source, destination, protocol, payload, **more))
    return ethernet(to, source, ETH_P_IP, ipv4(source, destination, protocol, payload, **more))


def summed(source, destination, protocol, payload, at):
    """PAYLOAD with the checksum of its pseudo-header and itself at AT."""
    if ":" in source:
        pseudo = ip6(source) + ip6(destination) + struct.pack("!II", len(payload), protocol)
    else:
        pseudo = socket.inet_aton(source) + socket.inet_aton(destination) + struct.pack("!BBH", 0, protocol, len(payload))
    return payload[:at] + struct.pack("!H", checksum(pseudo + payload)) + payload[at + 2:]


def tcp(to, source, destination, source_port, port, flags, sequence=1):
    segment = struct.pack("!HHIIBBHHHBBH", source_port, port, sequence, 0, 6 << 4, flags, 65535, 0, 0, 2, 4, 1460)
    return packet(to, source, destination, TCP, summed(source, destination, TCP, segment, 16))


def syn(to, source, destination, source_port, port):
    """The first packet of a connection."""
    return tcp(to, source, destination, source_port, port, SYN, source_port << 8)


def udp(to, source, destination, source_port, port, data):
    datagram = struct.pack("!HHHH", source_port, port, 8 + len(data), 0) + data
    return packet(to, source, destination, UDP, summed(source, destination, UDP, datagram, 6))


def first_fragment(to, source, destination, number, data):
    """Of a datagram whose other ones never come."""
    if ":" in source:
        head = struct.pack("!BBHI", UDP, 0, 1, number)
        return packet(to, source, destination, FRAGMENT, head + data)
    return packet(to, source, destination, UDP, data, identification=number & 0xFFFF, fragment=MORE_FRAGMENTS)


def arp(operation, sender, target, to=BROADCAST, mac=None):
    """1: a request, 2: an answer. SENDER says that it is at MAC."""
    mac = mac or mac_of(sender)
    return to + mac + struct.pack("!H", ETH_P_ARP) + struct.pack("!HHBBH", 1, ETH_P_IP, 6, 4, operation) + mac \
        + socket.inet_aton(sender) + bytes(6) + socket.inet_aton(target)


def neighbour(kind, source, target, destination, to, mac=None):
    """135: a solicitation, 136: an advertisement that overrides (RFC 4861 4.3, 4.4)."""
    mac = mac or mac_of(target if kind == 136 else source)
    message = struct.pack("!BBHI", kind, 0, 0, 0x20000000 if kind == 136 else 0) + ip6(target)
    if source != "::":
        message += option(2 if kind == 136 else 1, mac)
    message = summed(source, destination, ICMPV6, message, 2)
    return to + mac + struct.pack("!H", ETH_P_IPV6) + ipv6(source, destination, ICMPV6, message, hop_limit=255)


def from_router(source, message, destination=ALL_NODES, to=ALL_NODES_MAC):
    """ICMPv6, MESSAGE from its type on: ndp.advertisement(), ndp.redirect()."""
    message = summed(source, destination, ICMPV6, message, 2)
    return to + mac_of(source) + struct.pack("!H", ETH_P_IPV6) + ipv6(source, destination, ICMPV6, message, hop_limit=255)


def redirect4(to, source, destination, gateway, target):
    """SOURCE tells DESTINATION that the way to TARGET is by GATEWAY (RFC 792). About an answer to a ping: of other packets the
    kernel would look for the connection."""
    about = ipv4(destination, target, ICMP, bytes(8))
    message = struct.pack("!BBH", 5, 1, 0) + socket.inet_aton(gateway) + about
    message = message[:2] + struct.pack("!H", checksum(message)) + message[4:]
    return packet(to, source, destination, ICMP, message)
