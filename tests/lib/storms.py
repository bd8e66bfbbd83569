"""Storms of frames that a guest must stand: lists for flood.py."""

import random

from frames import BROADCAST, arp, first_fragment, neighbour, syn, udp


def spread(mac, four, six):
    """Endless frames of one kind each, from addresses without number on the guest's own networks."""
    draw, to = random.Random(7), bytes.fromhex(mac.replace(":", ""))

    def sources():
        while True:
            yield f"192.0.2.{draw.randrange(160, 254)}", f"2001:db8:1:0:{draw.getrandbits(16):x}::{draw.getrandbits(16):x}"

    def syns():
        for s4, s6 in sources():
            yield syn(to, s4, four, draw.randrange(1024, 65536), 1688)
            yield syn(to, s6, six, draw.randrange(1024, 65536), draw.choice((80, 1688)))

    def fragments():
        for number, (s4, s6) in enumerate(sources()):
            yield first_fragment(to, s4, four, number, bytes(1400))
            yield first_fragment(to, s6, six, number, bytes(1400))

    def neighbours():
        for s4, s6 in sources():
            yield arp(1, s4, four)
            yield neighbour(135, s6, six, six, to)
            yield arp(2, s4, four, to=to)
            yield neighbour(136, s6, s6, six, to)

    def claims():
        for number, _ in enumerate(sources()):
            yield arp(1, four, four, mac=b"\x02\x77" + number.to_bytes(4, "big"))
            yield neighbour(136, six, six, "ff02::1", BROADCAST, mac=b"\x02\x77" + number.to_bytes(4, "big"))

    def closed_ports():
        for s4, s6 in sources():
            yield udp(to, s4, four, 53, draw.randrange(1, 65536), b"x" * 400)
            yield udp(to, s6, six, 53, draw.randrange(1, 65536), b"x" * 400)

    return {"half-open connections": syns(), "fragments": fragments(), "neighbours": neighbours(), "claims": claims(),
            "closed ports": closed_ports()}
