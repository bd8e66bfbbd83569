"""Whatever two addresses, or all addresses of two IPv6 /64s, do to the relay, an honest client is served each time."""

import contextlib
import ipaddress
import json
import pathlib
import random
import socket
import struct
import sys

import pytest
from dcerpc import NDR, bind
from dhcpcd import each, sysctls
from flood import KINDS, Flood
from frames import arp, first_fragment, neighbour, syn, udp
from relay import GUEST_PROGRAM, PORT, read_exactly
from waiting import wait_until

ACTIVATION = "51c82175-844e-4750-b0d8-ec255555bc06"
PDU = bind((ACTIVATION, 1, [NDR]))
ECHO_HOST = pathlib.Path(__file__).resolve().parent.parent / "lib/echo_host.py"
PLACES, EXCHANGES, LATE = 256, 40, 10
CONNECT_P99_US = 500_000  # with all of it on one machine
FRAGMENTS_BYTES = 262_144 + 16_384  # rootfs/etc/sysctl.conf, and the one that is on its way
HOSTILE4 = ["192.0.2.101", "192.0.2.102"]
HOSTILE6 = ["2001:db8:a::/64", "2001:db8:b::/64"]
TCP_INFO_TOTAL_RETRANS = 100  # struct tcp_info, linux/tcp.h


@pytest.fixture
def start(keep, splicing_network):
    """Starts the relay, with a host behind it that is a process of its own, as the floods are."""
    network = splicing_network
    log = network.folder / "host.log"
    network.lan.start(sys.executable, "-B", ECHO_HOST, network.host, 7001, log=log)
    wait_until(lambda: "listening" in log.read_text(), 20, "the host listens")
    for prefix in HOSTILE6:
        network.lan.ip("-6", "route", "add", "local", prefix, "dev", "lo")
        network.box.ip("-6", "route", "add", prefix, "via", network.host6)
    for address in HOSTILE4:
        network.lan.ip("address", "add", f"{address}/24", "dev", "br0")

    def start_relay(**options):
        return network.start_relay(upstream=f"{network.host}:7001", guard=f"dcerpc:{ACTIVATION}", max_connections=PLACES,
                                   allow=",".join(["on-link", *HOSTILE6]), **options)
    return start_relay


def addresses_of(prefix, count):
    """Of a /64, spread over it."""
    network = ipaddress.ip_network(prefix)
    draw = random.Random(prefix)
    return [str(network[draw.getrandbits(64)]) for _ in range(count)]


def served(client, address):
    """One exchange: the retransmissions that it took, the first of them after a second, or None when it failed."""
    with contextlib.suppress(OSError, AssertionError):
        with client.connect(address, PORT, 10) as sock:
            sock.sendall(PDU)
            if read_exactly(sock, len(PDU)) != PDU:
                return None
            info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192)
            return struct.unpack_from("I", info, TCP_INFO_TOTAL_RETRANS)[0]
    return None


def assert_all_served(client, address, relay):
    results = [served(client, address) for _ in range(EXCHANGES)]
    record = relay.record()
    print({key: record.get(key) for key in ("connections_now", "connections_total", "refused_full", "refused_client_full",
                                        "closed_gave_way", "connect_p99_us")}, "retransmissions:", sum(filter(None, results)))
    assert None not in results, f"{results.count(None)} of {EXCHANGES} failed: {results}\n{record}"
    late = EXCHANGES - results.count(0)
    assert late <= LATE, f"{late} of {EXCHANGES} were not let in at once, but when they asked again after a second: {results}"


def flood(keep, network, kind, family):
    """From two clients."""
    for client in range(2):
        sources = [HOSTILE4[client]] if family == 4 else addresses_of(HOSTILE6[client], 2000)
        target = network.relay if family == 4 else network.relay6
        keep(Flood.of_connections(network.lan, kind, target, PORT, PLACES, sources, PDU))


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("kind", KINDS)
def test_two_clients_do_their_worst(keep, splicing_network, honest, start, kind, family):
    relay = start()
    flood(keep, splicing_network, kind, family)
    if kind == "storm":
        relay.wait_record(lambda r: r.number("connections_total") > 10 * PLACES, "a storm", 60)
    else:
        relay.wait_record(lambda r: r.number("connections_now") == PLACES, "all places are taken", 60)
    assert_all_served(honest, splicing_network.relay, relay)
    if kind != "storm":  # whose clients are gone before they need a place
        relay.wait_record(lambda r: r.number("closed_gave_way") > 0, "someone gave way", 10)


def half_open(network, count):
    """Frames with the first packet of a connection, from addresses that do not answer, on the relay's own network."""
    mac, draw = bytes.fromhex(network.box.links()["eth0"]["address"].replace(":", "")), random.Random(1)
    for _ in range(count):
        port = draw.randrange(1024, 65536)
        yield syn(mac, f"192.0.2.{draw.randrange(128, 255)}", network.relay, port, PORT)
        yield syn(mac, f"2001:db8::{draw.getrandbits(32) >> 16:x}:{draw.getrandbits(16):x}", network.relay6, port, PORT)


@pytest.mark.deadline(240)
def test_all_of_it_at_once(keep, splicing_network, honest, start):
    """With half-open connections on top, 4,000 a second, and the guest's own program."""
    network = splicing_network
    for key, value in sysctls():
        if key.startswith(("net.ipv4.tcp", "net.ipv4.neigh", "net.ipv6.neigh")):
            for name in each(key, ["eth0"]):
                network.box.sysctl(name, value)
    relay = start(program=GUEST_PROGRAM)
    keep(Flood.of_frames(network.lan, "br0", 4000, list(half_open(network, 5000)), network.folder))
    for kind, family in zip(KINDS, (4, 6, 4, 6)):
        flood(keep, network, kind, family)
    relay.wait_record(lambda r: r.number("closed_gave_way") > 2 * PLACES, "places change hands", 60)
    before_kb = relay.status("VmRSS")
    assert_all_served(honest, network.relay, relay)
    assert relay.record().number("connect_p99_us") <= CONNECT_P99_US, relay.record()
    grown_kb = relay.status("VmRSS") - before_kb
    assert grown_kb < 256, f"the relay grew by {grown_kb} kB"


def mixed(network):
    """Frames of all kinds that need no connection, to whom answers are hard or nobody is."""
    mac, draw = bytes.fromhex(network.box.links()["eth0"]["address"].replace(":", "")), random.Random(2)
    for number in range(4000):
        four = f"192.0.2.{draw.randrange(128, 255)}"
        six = f"2001:db8::{draw.getrandbits(16):x}:{draw.getrandbits(16):x}"
        yield syn(mac, four, network.relay, draw.randrange(1024, 65536), PORT)
        yield syn(mac, six, network.relay6, draw.randrange(1024, 65536), PORT)
        for source, destination in ((four, network.relay), (six, network.relay6)):
            yield first_fragment(mac, source, destination, number, bytes(1200))
            yield udp(mac, source, destination, 53, draw.randrange(1, 65536), b"x" * 200)
        yield arp(1, four, network.relay)
        yield arp(2, four, network.relay, to=mac)
        yield neighbour(135, six, network.relay6, network.relay6, mac)
        yield neighbour(136, six, six, network.relay6, mac)


@pytest.mark.deadline(240)
def test_twenty_thousand_packets_a_second(keep, splicing_network, honest, start):
    network = splicing_network
    for key, value in sysctls():
        if key.startswith(("net.ipv4.", "net.ipv6.")):
            for name in each(key, ["eth0"]):
                network.box.sysctl(name, value)
    relay = start(program=GUEST_PROGRAM)
    keep(Flood.of_frames(network.lan, "br0", 20_000, list(mixed(network)), network.folder))

    def packets():
        return json.loads(network.box.ip("-json", "-statistics", "link", "show", "eth0"))[0]["stats64"]["rx"]["packets"]
    begin = packets()
    wait_until(lambda: packets() - begin > 20_000, 60, "the storm")
    rounds = 0
    while packets() - begin < 100_000 or rounds == 0:
        assert_all_served(honest, network.relay, relay)
        rounds += 1
    print(f"{packets() - begin} packets")
    assert relay.record().number("connect_p99_us") <= CONNECT_P99_US, relay.record()
    for name, key in (("sockstat", "FRAG"), ("sockstat6", "FRAG6")):
        line = next(line for line in network.box.run("cat", f"/proc/net/{name}").splitlines() if line.startswith(f"{key}:"))
        print(line)
        assert 0 < int(line.split()[-1]) <= FRAGMENTS_BYTES, line
