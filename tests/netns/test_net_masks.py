"""A lease has its gateway and its name server whatever the mask is, at both ends of its network (RFC 3021, RFC 3442)."""

import ipaddress

import pytest
from dhcp4 import ROUTERS, ScriptedDhcp, grant, ip, option
from dhcpcd import GuestNetwork, MAC
from netns import Lan
from relay import Relay
from servers import Dnsmasq


def mask(bits):
    return ".".join(str((0xFFFFFFFF << (32 - bits) & 0xFFFFFFFF) >> shift & 255) for shift in (24, 16, 8, 0))


def same(one, other, bits):
    return ipaddress.ip_address(other) in ipaddress.ip_network(f"{one}/{bits}", strict=False)


# address, bits of its mask, gateway
LEASES = [
    ("203.0.113.76", 31, "203.0.113.77"), ("203.0.113.77", 31, "203.0.113.76"),
    ("203.0.113.77", 30, "203.0.113.78"), ("203.0.113.78", 30, "203.0.113.77"),
    ("203.0.113.76", 32, "203.0.113.1"), ("203.0.113.76", 24, "203.0.113.1"),
    ("203.0.113.77", 30, "203.0.113.1"), ("203.0.113.76", 24, "203.0.114.1"),  # in no network of the guest's
    ("10.1.2.3", 8, "10.255.0.1"), ("10.1.2.3", 7, "11.0.0.1"), ("10.1.2.3", 1, "100.0.0.1"),
    *(("10.1.2.3", bits, "11.0.0.1") for bits in range(2, 7)),
]


def leased(keep, tmp_path, address, bits, gateway, *options, beside=None):
    """A guest with ADDRESS from a server whose own is GATEWAY, on a link of its own. BESIDE: a Lan that eth0 is on; then
    this is eth1."""
    own = bits if 24 <= bits <= 31 else 24  # the server's network has both of them
    if not same(address, gateway, own):
        own = 1
    lan = keep(Lan(f"{gateway}/{own}"))
    keep(Dnsmasq(lan, tmp_path, f"dhcp-range={address},{address},{mask(own)},1h",
                 f"dhcp-option=1,{mask(bits)}", *options).start())
    lan.ip("address", "add", "198.51.100.9/32", "dev", "lo")
    lan.ip("route", "replace", address, "dev", "br0")
    guest = keep(GuestNetwork())
    nic = "eth0" if beside is None else "eth1"
    if beside is not None:
        beside.attach(guest.namespace, mac="02:00:00:00:01:02")
    lan.attach(guest.namespace, nic, mac=MAC)
    guest.start()
    guest.wait_address(f"{address}/{bits}", "dhcp", ifname=nic)
    return guest


@pytest.mark.parametrize("address, bits, gateway", LEASES)
def test_gateway_by_option_3(keep, tmp_path, address, bits, gateway):
    guest = leased(keep, tmp_path, address, bits, gateway, f"dhcp-option=3,{gateway}", f"dhcp-option=6,{gateway}")
    guest.wait(lambda: f"{gateway} dhcp 1002" in guest.nic().list("gateway"), "the gateway")
    guest.wait(lambda: guest.servers()[0][0] == gateway, "the name server")
    chosen = guest.namespace.ip("-json", "route", "get", "198.51.100.9")
    assert f'"gateway":"{gateway}"' in chosen and f'"prefsrc":"{address}"' in chosen, chosen
    guest.namespace.run("ping", "-n", "-c1", "-W5", "198.51.100.9")
    assert "Invalid argument" not in guest.logs()


@pytest.mark.parametrize("address, bits, gateway", [lease for lease in LEASES if lease[1] >= 30])
def test_gateway_by_option_121(keep, tmp_path, address, bits, gateway):
    guest = leased(keep, tmp_path, address, bits, gateway,
                   f"dhcp-option=121,{gateway}/32,0.0.0.0,0.0.0.0/0,{gateway}")
    guest.wait(lambda: f"{gateway} dhcp 1002" in guest.nic().list("gateway"), "the gateway")
    guest.namespace.run("ping", "-n", "-c1", "-W5", "198.51.100.9")
    assert "Invalid argument" not in guest.logs()


def test_no_server_names_the_broadcast_address(keep, tmp_path):
    """Option 28: the gateway's own, in a network of any size."""
    gateway = "203.0.113.1"
    guest = leased(keep, tmp_path, "203.0.113.76", 24, gateway, f"dhcp-option=3,{gateway}", f"dhcp-option=28,{gateway}")
    guest.wait(lambda: guest.nic().list("gateway") == [f"{gateway} dhcp 1002"], "the gateway")
    guest.namespace.run("ping", "-n", "-c1", "-W5", "198.51.100.9")


@pytest.mark.parametrize("sent, bits", [("0.0.0.0", 0), ("255.0.255.0", 32), ("100.0.0.1", 32), ("0.0.0.255", 32)])
def test_a_mask_that_leaves_no_network(keep, tmp_path, sent, bits):
    """All of the Internet or a mask with holes: the gateway is the only neighbour."""
    gateway = "203.0.113.1"
    lan = keep(Lan(f"{gateway}/24"))
    lan.ip("address", "add", "198.51.100.9/32", "dev", "lo")
    keep(ScriptedDhcp(lan, grant("203.0.113.76", option(ROUTERS, ip(gateway)), mask=sent, server=gateway)))
    guest = keep(GuestNetwork())
    lan.attach(guest.namespace, mac=MAC)
    guest.start()
    guest.wait_address(f"203.0.113.76/{bits}", "dhcp")
    wait_reached(guest)
    assert [words.split()[0] for words in guest.routes()] == ["default", gateway], guest.routes()
    assert (f"{sent} is no subnet mask" in guest.logs()) == (bits == 32)


def wait_reached(guest):
    guest.wait(lambda: " 0% packet loss" in guest.namespace.run("ping", "-n", "-c1", "-W2", "198.51.100.9", check=False),
               "an answer of 198.51.100.9")


@pytest.mark.parametrize("bits, routes", [
    (32, ["198.51.100.0/24,203.0.113.1"]),
    (32, ["198.51.100.0/24,203.0.113.1", "203.0.113.1/32,0.0.0.0"]),
    (30, ["0.0.0.0/0,203.0.113.77", "198.51.100.0/24,203.0.113.1"]),
])
def test_a_route_by_a_gateway_outside_the_network(keep, tmp_path, bits, routes):
    """Not the default one: neither a later route to the gateway nor the default route stands in for one."""
    wait_reached(leased(keep, tmp_path, "203.0.113.78", bits, "203.0.113.1", "dhcp-option=121," + ",".join(routes)))


def test_a_gateway_in_the_network_of_another_nic(keep, tmp_path):
    wide = keep(Lan("203.0.113.254/24"))
    keep(Dnsmasq(wide, tmp_path, "dhcp-range=203.0.113.2,203.0.113.2,1h", "dhcp-option=3", name="wide").start())
    guest = leased(keep, tmp_path, "192.0.2.5", 32, "203.0.113.1", "dhcp-option=3,203.0.113.1", beside=wide)
    guest.wait_address("203.0.113.2/24", "dhcp")
    wait_reached(guest)


def test_a_single_address_has_no_neighbours(keep, tmp_path):
    """The screen goes by this (tests/unit/console): there is no network that clients could be in."""
    gateway = "203.0.113.1"
    guest = leased(keep, tmp_path, "203.0.113.76", 32, gateway, f"dhcp-option=3,{gateway}")
    relay = keep(Relay(guest.namespace, guest.folder, upstream="198.51.100.9:7001"))
    relay.wait_record(lambda r: sorted(r.list("on_link")) == [f"{gateway}/32", "fe80::/64"], "the gateway alone")
