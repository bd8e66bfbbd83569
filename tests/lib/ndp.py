"""Router advertisements by hand (RFC 4861 4.2), from whoever a test wants to be, as fast as it likes."""

import ipaddress
import socket
import struct

ALL_NODES, ALL_NODES_MAC = "ff02::1", bytes.fromhex("333300000001")
ICMPV6, FRAGMENT, ROUTER_ADVERTISEMENT, REDIRECT, ETH_P_IPV6 = 58, 44, 134, 137, 0x86DD
MANAGED, OTHER, HIGH, LOW = 0x80, 0x40, 0x08, 0x18
ON_LINK, AUTONOMOUS = 0x80, 0x40
FRAGMENT_BYTES = 1400 // 8 * 8


def ip6(text):
    return socket.inet_pton(socket.AF_INET6, text)


def option(kind, data):
    """DATA behind type and length; filled up to a multiple of 8."""
    length = (len(data) + 2 + 7) // 8
    return (bytes([kind, length]) + data).ljust(length * 8, b"\0")


def prefix(text, valid_s=3600, preferred_s=1800, flags=ON_LINK | AUTONOMOUS):
    network = ipaddress.ip_network(text)
    return option(3, struct.pack("!BBIII", network.prefixlen, flags, valid_s, preferred_s, 0)
                  + network.network_address.packed)


def mtu(octets):
    return option(5, struct.pack("!HI", 0, octets))


def rdnss(*addresses, lifetime_s=600):
    return option(25, struct.pack("!HI", 0, lifetime_s) + b"".join(map(ip6, addresses)))


def dnssl(labels, lifetime_s=600):
    """LABELS as they stand on the wire."""
    return option(31, struct.pack("!HI", 0, lifetime_s) + labels)


def route(text, lifetime_s=600, preference=0):
    network = ipaddress.ip_network(text)
    return option(24, struct.pack("!BBI", network.prefixlen, preference, lifetime_s) + network.network_address.packed)


def advertisement(*options, lifetime_s=1800, flags=0):
    return struct.pack("!BBHBBHII", ROUTER_ADVERTISEMENT, 0, 0, 64, flags, lifetime_s, 0, 0) + b"".join(options)


def redirect(target, destination):
    """RFC 4861 4.5. Without the packet that it is about, which the kernel would look for among its connections."""
    return struct.pack("!BBHI", REDIRECT, 0, 0, 0) + ip6(target) + ip6(destination) + option(2, bytes.fromhex("020000000bad"))


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Router:
    """Sends from SOURCE on LAN's bridge; its MAC is made of the last 32 bits."""

    def __init__(self, lan, source="fe80::bad", hop_limit=255):
        self.source = ip6(source)
        self.hop_limit = hop_limit
        self.socket = lan.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.bind(("br0", 0))
        self.fragments = 0

    def send(self, message, source=None, destination=ALL_NODES, mac=None):
        """MESSAGE begins with ICMPv6's type. What is longer than an Ethernet frame goes in fragments. DESTINATION has MAC, as
        text, unless it is all nodes."""
        source = ip6(source) if source else self.source
        destination = ip6(destination)
        self.to = bytes.fromhex(mac.replace(":", "")) if mac else ALL_NODES_MAC
        pseudo = source + destination + struct.pack("!II", len(message), ICMPV6)
        message = message[:2] + struct.pack("!H", checksum(pseudo + message)) + message[4:]
        if len(message) <= 1452:
            self._send_packet(source, destination, ICMPV6, message)
            return
        self.fragments += 1
        for at in range(0, len(message), FRAGMENT_BYTES):
            piece = message[at:at + FRAGMENT_BYTES]
            more = at + FRAGMENT_BYTES < len(message)
            head = struct.pack("!BBHI", ICMPV6, 0, at | more, self.fragments)
            self._send_packet(source, destination, FRAGMENT, head + piece)

    def _send_packet(self, source, destination, next_header, payload):
        mac = b"\x02\x00" + source[-4:]
        ethernet = self.to + mac + struct.pack("!H", ETH_P_IPV6)
        packet = struct.pack("!IHBB", 6 << 28, len(payload), next_header, self.hop_limit) + source + destination
        self.socket.send(ethernet + packet + payload)

    def close(self):
        self.socket.close()
