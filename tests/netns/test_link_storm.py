"""Storms of ARP, neighbours, router advertisements and redirects change nothing but what a real router said, are told in one
line, and take link and dhcpcd no more of a processor than is stated here. At 10,000 packets a second, 10 us each are a tenth."""

import json
import random

import ndp
import pytest
from dhcpcd import GuestNetwork, MAC, TICK_S
from flood import Flood
from frames import BROADCAST, arp, neighbour, syn
from ndp import advertisement, redirect
from servers import Radvd, interval, prefix, rdnss
from waiting import wait_until

ADDRESS, ADDRESS6 = "192.0.2.5", "2001:db8:1::5"
REAL, SLAAC = "fe80::ff:fe00:1", "2001:db8:2::ff:fe00:101/64"
PER_SECOND, PACKETS = 10_000, 50_000
TO = bytes.fromhex(MAC.replace(":", ""))
LINK_US, DHCPCD_US, QUIET_US = 2, 50, 10


@pytest.fixture
def guest(keep, lan, tmp_path):
    """With addresses of its settings and one from a real router."""
    guest = keep(GuestNetwork(ip=f"eth0:{ADDRESS}/24"))
    guest.port = lan.attach(guest.namespace, mac=MAC)
    guest.start()
    keep(Radvd(lan, tmp_path, interval(3, 4), prefix("2001:db8:2::/64"), rdnss("2001:db8:1::53")).start())
    guest.wait_address(f"{ADDRESS}/24", "static")
    guest.wait_address(SLAAC, "slaac")
    guest.wait(lambda: any(REAL in line for line in guest.routes(6)), "the real router's route")
    guest.born = guest.lasting_processes()
    return guest


def received(guest):
    return json.loads(guest.namespace.ip("-json", "-statistics", "link", "show", "eth0"))[0]["stats64"]["rx"]["packets"]


def link_s(guest):
    fields = open(f"/proc/{guest.link.pid}/stat").read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def storm(keep, lan, guest, frames, tmp_path):
    """PACKETS of FRAMES; returns microseconds of a processor for each: (of link, of dhcpcd and net)."""
    flood = Flood.of_frames(lan, "br0", PER_SECOND, list(frames), tmp_path)
    begin, link, dhcpcd = received(guest), link_s(guest), guest.processor_s()
    wait_until(lambda: received(guest) - begin >= PACKETS, 60, "the storm has come in")
    flood.close()
    guest.wait_calm(60)
    count = received(guest) - begin
    costs = [(link_s(guest) - link) * 1e6 / count, (guest.processor_s() - dhcpcd) * 1e6 / count]
    print(f"{count} packets, us of each: link {costs[0]:.1f}, dhcpcd and net {costs[1]:.1f}")
    return costs


@pytest.fixture
def unharmed(guest):
    """What was there before is there afterwards."""
    def all_routes():
        return sorted(line.partition(" expires")[0] for line in guest.routes(4) + guest.routes(6))
    routes, addresses = all_routes(), sorted(guest.namespace.addresses("eth0"))
    yield
    assert guest.lasting_processes() == guest.born, "dhcpcd or net was started anew"
    assert sorted(guest.namespace.addresses("eth0")) == addresses
    guest.wait(lambda: all_routes() == routes, f"the routes as they were: {routes}")


class Collector(ndp.Router):
    """Keeps what the router would send."""

    def __init__(self, lan, source):
        super().__init__(lan, source)
        self.socket.close()
        self.socket, self.frames = self, []

    def send(self, message, *more, **options):
        if more or options:
            super().send(message, *more, **options)
        else:
            self.frames.append(message)


CLAIMS = {
    "one": lambda n: bytes.fromhex("020000000909"),
    "another each time": lambda n: b"\x02\x77" + n.to_bytes(4, "big"),
    "the guest's own": lambda n: TO,
}


@pytest.mark.parametrize("mac", CLAIMS)
def test_claims_of_our_address(keep, lan, guest, unharmed, tmp_path, mac):
    frames = [arp(1, ADDRESS, ADDRESS, mac=CLAIMS[mac](n)) for n in range(5000)]
    link_us, _ = storm(keep, lan, guest, frames, tmp_path)
    assert link_us <= LINK_US
    told = [line for line in guest.logs().splitlines() if f"address {ADDRESS}: another machine has it" in line]
    assert len(told) <= 3, f"{len(told)} lines: {told[:5]}"  # a round takes 15 s
    assert bool(told) == (mac != "the guest's own")


def test_neighbours_without_number(keep, lan, guest, unharmed, tmp_path):
    """Questions for the guest by thousands that are on its networks, so it says, and whoever it was tells all."""
    draw = random.Random(1)
    to6 = "ff02::1:ff00:101"
    frames = []
    for _ in range(5000):
        six = f"2001:db8:2::{draw.getrandbits(16):x}:{draw.getrandbits(16):x}"
        four = f"192.0.2.{draw.randrange(20, 250)}"
        frames += [neighbour(135, six, SLAAC.partition("/")[0], to6, TO), arp(1, four, ADDRESS, to=BROADCAST),
                   neighbour(136, six, six, "ff02::1", TO), arp(2, four, four)]
    link_us, dhcpcd_us = storm(keep, lan, guest, frames, tmp_path)
    assert link_us <= LINK_US and dhcpcd_us <= QUIET_US


def test_neighbours_that_do_not_answer(keep, lan, guest, unharmed, tmp_path):
    """Each is asked for, and given up: dhcpcd, which looks after its routers so, hears of it."""
    draw, six = random.Random(1), SLAAC.partition("/")[0]
    frames = [syn(TO, f"2001:db8:2::{draw.getrandbits(16):x}:{draw.getrandbits(16):x}", six, 1024 + n, 7) for n in range(20000)]
    link_us, dhcpcd_us = storm(keep, lan, guest, frames, tmp_path)
    assert link_us <= LINK_US and dhcpcd_us <= QUIET_US


def test_redirects(keep, lan, guest, unharmed, tmp_path):
    """ICMPv6: to an attacker, in the name of the real router."""
    router = Collector(lan, REAL)
    for n in range(2000):
        router.send(redirect("fe80::bad", f"2001:db8:f::{n:x}"), destination=SLAAC.partition("/")[0], mac=MAC)
    link_us, dhcpcd_us = storm(keep, lan, guest, router.frames, tmp_path)
    assert link_us <= LINK_US and dhcpcd_us <= QUIET_US
    assert "fe80::bad" not in guest.namespace.ip("-6", "route", "show", "cache")


def test_router_advertisements(keep, lan, guest, tmp_path):
    """Of other routers, and of others in the real one's name; some of it comes in, for nobody can tell, but not without end."""
    router = Collector(lan, "fe80::bad")
    for n in range(3000):
        router.send(advertisement(ndp.prefix(f"2001:db8:{n + 0x1000:x}::/64"), ndp.rdnss(f"2001:db8::{n:x}")),
                    source=f"fe80::bad:{n:x}")
    link_us, dhcpcd_us = storm(keep, lan, guest, router.frames, tmp_path)
    assert link_us <= LINK_US and dhcpcd_us <= DHCPCD_US
    guest.wait_address(SLAAC, "slaac")
    guest.wait(lambda: any(line.startswith("default") and REAL in line for line in guest.routes(6)), "the real router's route")
    assert guest.lasting_processes() == guest.born, "dhcpcd or net was started anew"
