"""Through storms of what only a router should say, and of claims to be one, the image serves its clients by the real router's
addresses and routes; when the storm and its lifetimes have ended, its memory is back."""

import itertools
import random
import socket

import ndp
import pytest
from flood import Flood
from frames import arp, from_router, redirect4
from guest import slaac_address
from netns import Namespace
from relayed import exchange, wait_relayed
from rooted import Root, start_rooted
from servers import wait_renewed
from test_storms import metric, state
from waiting import wait_until

PER_SECOND, FRAMES, PACKETS, EXCHANGES = 1000, 10_000, 3000, 10
MEMORY_BYTES = 1 << 20  # so near to what was available before it has to be
LIFETIME_S = 20  # of what is advertised
ENDED_S = 180
ADDRESSES_MAX = 12 + 2  # one of each prefix (packages/dhcpcd/patches), link-local and loopback
REAL, REAL4 = "fe80::ff:fe00:1", "192.0.2.1"
THIEF4 = "192.0.2.66"  # who passes nothing on
BEHIND4, BEHIND6 = "203.0.113.7", "2001:db8:f::7"  # clients behind the gateway


def spread():
    """Endless frames of one kind each."""
    draw = random.Random(9)

    def net():
        return f"2001:db8:{draw.randrange(0x1000, 0xffff):x}::/64"

    def router():
        return f"fe80::bad:{draw.getrandbits(16):x}"

    def prefixes():
        while True:
            options = [ndp.prefix(net(), LIFETIME_S, LIFETIME_S // 2) for _ in range(10)]
            yield from_router("fe80::bad", ndp.advertisement(*options, lifetime_s=LIFETIME_S))

    def routers():
        while True:
            option = ndp.prefix(net(), LIFETIME_S, LIFETIME_S // 2)
            yield from_router(router(), ndp.advertisement(option, lifetime_s=LIFETIME_S, flags=ndp.HIGH))

    def ends():
        """Of the real router's own prefix as well."""
        while True:
            yield from_router(router(), ndp.advertisement(ndp.prefix("2001:db8:1::/64", 0, 0), lifetime_s=0))

    return {"prefixes": prefixes(), "routers": routers(), "ends": ends()}


def redirects(to, four, six):
    """The way to each client, and to the gateway itself, is said to be another one."""
    while True:
        yield from_router(REAL, ndp.redirect("fe80::bad", BEHIND6), six, to)
        yield redirect4(to, REAL4, four, THIEF4, BEHIND4)
        yield redirect4(to, REAL4, four, THIEF4, REAL4)


def exchange_from(lan, source, host):
    with lan.socket(socket.AF_INET6 if ":" in source else socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.settimeout(60)
        sock.bind((source, 0))
        sock.connect((host, 1688))
        sock.sendall(b"through the relay")
        sock.shutdown(socket.SHUT_WR)
        return sock.recv(100, socket.MSG_WAITALL)


def storm(keep, renewing, root, six, kind, frames, tmp_path, least_exchanges=EXCHANGES, sources=(None, None)):
    """Until PACKETS have come; asked by IPv6. SOURCES: addresses of the clients."""
    lan, host = renewing.lan, six
    flood = keep(Flood.of_frames(lan, "br0", PER_SECOND, list(itertools.islice(frames, FRAMES)), tmp_path))
    begin = metric(lan, host, "nic_receive_packets_total")
    served = exchanges = came = most = 0
    while came < PACKETS or exchanges < least_exchanges:
        if least_exchanges > 0:
            exchanges += 1
            source, host = sources[exchanges % 2], (root.host, six)[exchanges % 2]
            got = exchange(lan, host, timeout=60) if source is None else exchange_from(lan, source, host)
            served += got == b"through the relay"
        most = max(most, len(root.tell("cat /proc/net/if_inet6").splitlines()))
        came = metric(lan, host, "nic_receive_packets_total") - begin
    flood.close()
    keep.things.remove(flood)
    print(f"{kind}: {came} packets, {served} of {exchanges} served, {most} addresses at the most")
    assert served == exchanges
    assert most <= ADDRESSES_MAX
    wait_renewed(renewing)


@pytest.fixture
def stormed(keep, renewing, boot, tmp_path):
    """A guest that serves, root in it, its IPv6 address."""
    guest, root = start_rooted(renewing.lan, boot, tmp_path, append=f"thimble.relay.allow=on-link,{BEHIND4},{BEHIND6}")
    root.wait_network()
    six = slaac_address("2001:db8:1::/64", guest.nics[0].mac)
    wait_relayed(renewing.lan, six, 60)
    metric(renewing.lan, six, "memory_available_bytes")
    return guest, root, six


@pytest.mark.deadline(900)
def test_storms_of_routers(keep, renewing, stormed, tmp_path):
    guest, root, six = stormed
    lan = renewing.lan
    before, network, memory = state(lan, six), root.network(), metric(lan, six, "memory_available_bytes")
    for kind, frames in spread().items():
        storm(keep, renewing, root, six, kind, frames, tmp_path)
        now = state(lan, six)
        assert set(before["addresses"]) <= set(now["addresses"]), f"{kind}: expected {before}, got {now}"
    wait_until(lambda: state(lan, six) == before, ENDED_S, f"{before}", lambda: str(state(lan, six)))
    wait_until(lambda: memory - metric(lan, six, "memory_available_bytes") <= MEMORY_BYTES, ENDED_S, "the memory is back",
               lambda: str(memory - metric(lan, six, "memory_available_bytes")))
    wait_until(lambda: root.network() == network, ENDED_S, f"{network}", root.network)
    wait_relayed(lan, root.host)
    wait_relayed(lan, six)


@pytest.mark.deadline(500)
def test_redirects(keep, renewing, stormed, tmp_path):
    """None changes the way of what the relay answers."""
    guest, root, six = stormed
    lan, to = renewing.lan, bytes.fromhex(guest.nics[0].mac.replace(":", ""))
    thief = keep(Namespace("thief"))
    lan.attach(thief)
    thief.ip("address", "add", f"{THIEF4}/24", "dev", "eth0")
    for text in (BEHIND4, BEHIND6):
        lan.ip("address", "add", text, "dev", "lo")
    before, network, memory = state(lan, six), root.network(), metric(lan, six, "memory_available_bytes")
    storm(keep, renewing, root, six, "redirects", redirects(to, root.host, six), tmp_path, sources=(BEHIND4, BEHIND6))
    assert state(lan, six) == before and root.network() == network
    assert memory - metric(lan, six, "memory_available_bytes") <= MEMORY_BYTES


@pytest.mark.deadline(500)
def test_claims_of_the_gateways_address(keep, renewing, stormed, tmp_path):
    """IPv4 has no defence but the real one's own answers: the way is found again when the claims end."""
    guest, root, six = stormed
    lan, to, four = renewing.lan, bytes.fromhex(guest.nics[0].mac.replace(":", "")), root.host
    root = Root(lan, six)
    network, memory = root.network(), metric(lan, six, "memory_available_bytes")
    claims = (arp(2, REAL4, four, to=to, mac=b"\x02\x77" + number.to_bytes(4, "big")) for number in itertools.count())
    storm(keep, renewing, root, six, "claims", claims, tmp_path, least_exchanges=0)
    wait_relayed(lan, four, 60)
    assert root.network() == network
    wait_until(lambda: memory - metric(lan, six, "memory_available_bytes") <= MEMORY_BYTES, ENDED_S, "the memory is back",
               lambda: str(memory - metric(lan, six, "memory_available_bytes")))
