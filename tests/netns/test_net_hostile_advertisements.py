"""Router advertisements by somebody who means harm: dhcpcd and net keep their memory and come to rest, and what the
real router said stays in force. dhcpcd survives all of it: it is the same process afterwards."""

import pathlib
import struct

import ndp
import pytest
from dns import name
from ndp import Router, advertisement
from servers import Radvd, interval, prefix, rdnss


REAL, ADDRESS, SERVER = "fe80::ff:fe00:1", "2001:db8:1::ff:fe00:101/64", "2001:db8:1::53"
FLOOD, PACED = 10_000, 1500  # so many, of which so many are waited for: the kernel drops what comes too fast
MEMORY_KB = 4096
DHCPCD_PREFIXES = 12  # packages/dhcpcd/patches


@pytest.fixture
def guest(guest, keep, tmp_path, lan):
    """With the address and the DNS server of a real router."""
    guest.start()
    keep(Radvd(lan, tmp_path, interval(3, 4), prefix("2001:db8:1::/64"), rdnss(SERVER)).start())
    guest.wait_address(ADDRESS, "slaac")
    guest.wait(lambda: is_served(guest), "the real router's DNS server and gateway")
    guest.born = guest.lasting_processes()
    return guest


@pytest.fixture
def attacker(keep, lan):
    return keep(Router(lan, "fe80::bad:1"))


def is_served(guest):
    return ([SERVER, "ra"] in [words[:2] for words in guest.servers()]
            and f"{REAL} ra 1002" in guest.nic().list("gateway"))


def waiting_bytes(guest):
    """What dhcpcd has not read yet: the queues of the raw IPv6 sockets of its namespace."""
    lines = pathlib.Path(f"/proc/{guest.net.pid}/net/raw6").read_text().splitlines()[1:]
    return sum(int(line.split()[4].partition(":")[2], 16) for line in lines)


def flood(guest, send):
    """send(N) FLOOD times, the first PACED so that all arrive. Fails when it takes too long to take them in."""
    for number in range(FLOOD):
        send(number)
        if number < PACED and number % 50 == 49:
            guest.wait(lambda: waiting_bytes(guest) == 0, f"{number} advertisements are read", 60)


def assert_unharmed(guest):
    guest.wait_calm(60)
    words = guest.wait_address(ADDRESS, "slaac")
    assert len(words) == 3, f"the real router's address: {words}"
    guest.wait(lambda: is_served(guest), "the real router's DNS server and gateway")
    assert guest.lasting_processes() == guest.born, "dhcpcd or net was started anew"
    memory = guest.memory_kb()
    assert max(memory.values()) <= MEMORY_KB, f"memory of dhcpcd's processes: {memory}"


def global_addresses(guest):
    return [address for address in guest.namespace.addresses("eth0", "inet6") if not address.startswith("fe80")]


@pytest.mark.deadline(180)
def test_ten_thousand_prefixes_of_one_router(guest, attacker):
    flood(guest, lambda n: attacker.send(advertisement(ndp.prefix(f"2001:db8:{n + 0x1000:x}::/64"))))
    assert_unharmed(guest)
    assert 2 <= len(global_addresses(guest)) <= DHCPCD_PREFIXES
    assert "addresses_left_out" not in guest.nic()


@pytest.mark.deadline(180)
def test_ten_thousand_routers(guest, attacker):
    """Each with its own prefix, DNS server and route."""
    def send(n):
        message = advertisement(ndp.prefix(f"2001:db8:{n + 0x1000:x}::/64"), ndp.rdnss(f"2001:db8::{n:x}"),
                                ndp.route(f"2001:db8:{n + 0x1000:x}:8000::/65"))
        attacker.send(message, source=f"fe80::bad:{n:x}")
    flood(guest, send)
    assert_unharmed(guest)
    assert 2 <= len(global_addresses(guest)) <= DHCPCD_PREFIXES
    assert len(guest.routes(6)) <= 64


@pytest.mark.deadline(180)
def test_many_prefixes_and_routes_at_once(guest, attacker):
    """In one advertisement, and another one each time."""
    for number in range(40):
        nets = [f"2001:db8:{number * 30 + n + 0x1000:x}" for n in range(30)]
        options = [ndp.prefix(f"{net}::/64") for net in nets] + [ndp.route(f"{net}:8000::/65") for net in nets[:19]]
        attacker.send(advertisement(*options))
    guest.wait(lambda: len(global_addresses(guest)) >= 2, "an address of the attacker's")
    assert_unharmed(guest)
    assert 2 <= len(global_addresses(guest)) <= DHCPCD_PREFIXES
    assert len(guest.routes(6)) <= 64


def test_two_hundred_dns_servers(guest, attacker):
    """The list is full, what it leaves out is counted, and it empties as their time runs out."""
    for router in range(4):
        options = [ndp.rdnss(f"2001:db8:bad:{router}::{n:x}", lifetime_s=3) for n in range(50)]
        attacker.send(advertisement(*options, lifetime_s=0), source=f"fe80::bad:{router}")
    guest.wait(lambda: len(guest.servers()) == 8 and int(guest.resolver()["left_out"]) >= 200 - 24, "eight servers")
    assert guest.resolv_conf().count("nameserver") == 8
    guest.wait(lambda: [words[0] for words in guest.servers()] == [SERVER], "the real one only")
    assert_unharmed(guest)


LOOP, ITSELF = b"\3abc\xc0\0", b"\xc0\0"
UNREADABLE = {
    "search list loops": ndp.dnssl(LOOP),
    "search list points at itself": ndp.dnssl(ITSELF * 20),
    "search list cut": ndp.dnssl(b"\x3fabc"),
    "search list of control characters": ndp.dnssl(name("a\nnameserver 6.6.6.6") + name("b\x1b[2J")),
    "search list not in UTF-8": ndp.dnssl(name("ok")[:-1] + b"\4caf\xe9\0"),
    "search list empty": ndp.dnssl(b""),
    "server addresses of no use": ndp.rdnss("::", "ff02::1", "::ffff:192.0.2.1"),
    "servers cut": ndp.option(25, struct.pack("!HI", 0, 600) + b"\x20\x01"),
    "prefix cut": ndp.option(3, b"\x40\xc0" + b"\xff" * 12),
    "prefix of 129 bits": ndp.option(3, b"\x81\xc0" + b"\0\0\1\0" * 2 + b"\x20\1" + b"\0" * 18),
    "prefix of multicast": ndp.prefix("ff05::/64"),
    "prefix of link-local": ndp.prefix("fe80::/64"),
    "preferred for longer than valid": ndp.prefix("2001:db8:2::/64", 60, 3600),
    "MTU of nothing": ndp.mtu(0),
    "route of 255 bits": ndp.option(24, b"\xff\0" + b"\0\0\1\0" + b"\x20\1" + b"\0" * 14),
    "unknown": ndp.option(200, b"\xff" * 100),
}


def test_unreadable_options_change_nothing(guest, attacker):
    """One by one, and the good one that follows each of them in the same message is taken."""
    for number, (what, option) in enumerate(UNREADABLE.items(), 1):
        mark = f"2001:db8:bad::{number:x}"
        attacker.send(advertisement(option, ndp.rdnss(mark, lifetime_s=60), lifetime_s=0))
        guest.wait(lambda: mark in guest.resolv_conf(), f"{what}: the server behind it")
        attacker.send(advertisement(ndp.rdnss(mark, lifetime_s=0), lifetime_s=0))
        guest.wait(lambda: mark not in guest.resolv_conf(), f"{what}: it is gone again")
    assert global_addresses(guest) == [ADDRESS.partition("/")[0]]
    guest.wait(lambda: guest.searches() == [] and [words[0] for words in guest.servers()] == [SERVER], "as before")
    assert_unharmed(guest)


def test_messages_that_count_for_nothing(guest, attacker):
    """One that lies about its lengths (RFC 4861 6.1.2), whatever stands before the lie, and one that came in
    fragments (RFC 6980). Even under the real router's name they take nothing away."""
    good = [ndp.prefix("2001:db8:2::/64"), ndp.rdnss("2001:db8:bad::1")]
    tails = (b"\x19\0" + bytes(6), b"\x19\x05" + bytes(6), b"\x19")  # no length, too long, cut
    lies = [advertisement(*good, lifetime_s=0) + tail for tail in tails]
    for why, message in [*(("invalid option length", lie) for lie in lies),
                         ("fragmented RA", advertisement(*good * 40, lifetime_s=0))]:
        said = guest.dhcpcd_log.read_text().count(why)
        attacker.send(message, source=REAL)
        guest.wait(lambda: guest.dhcpcd_log.read_text().count(why) > said, f"dhcpcd has refused it: {why}")
    # Anything that makes dhcpcd build its routes anew shows what it still knows.
    attacker.send(advertisement(ndp.route("2001:db8:9::/48"), lifetime_s=0))
    guest.wait(lambda: any("2001:db8:9::/48" in line for line in guest.routes(6)), "its routes are new")
    assert f"default via {REAL}" in "\n".join(guest.routes(6)), guest.routes(6)
    assert [words[0] for words in guest.servers()] == [SERVER] and not guest.address("2001:db8:2:")
    assert_unharmed(guest)
