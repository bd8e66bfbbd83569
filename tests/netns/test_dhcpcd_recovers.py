"""dhcpcd as configured for the guest: the same identity at each boot, an address within seconds of a server,
and the last address kept when no server answers."""

import os
import socket
import time

import pytest
from capture import Capture
from dhcpcd import MAC
from netns import Lan
from servers import Dnsmasq, Kea4, Radvd, prefix


LEAST_LEASE_S = 20  # dhcpcd takes a shorter lease for one of this length
RETRY_MOST_S = 9  # the longest time between two DISCOVERs: packages/dhcpcd/patches


def kea(lan, folder, **settings):
    return Kea4(lan, folder, "192.0.2.0/24", "192.0.2.10 - 192.0.2.99", **settings)


def test_no_server_then_one(keep, tmp_path, lan, guest):
    """After half a minute without a server it still asks often enough."""
    capture = keep(Capture(lan))
    guest.start()
    guest.wait(lambda: len(capture.dhcp_requests()) >= 5, "five DISCOVERs", 60)
    guest.wait(lambda: guest.nic()["dhcp4"] == "discover", "dhcp4=discover")
    keep(Dnsmasq(lan, tmp_path, "dhcp-range=192.0.2.100,192.0.2.150,1h").start())
    ready = time.monotonic()
    guest.wait_address("192.0.2.1", "dhcp")
    took = time.monotonic() - ready
    assert took <= RETRY_MOST_S + 3, f"an address {took:.1f} s after the server was ready"


def test_same_identity_after_all_is_forgotten(keep, tmp_path, lan, guest):
    server = keep(kea(lan, tmp_path).start())
    guest.start()
    first = guest.wait_address("192.0.2.", "dhcp")[0]
    rows = server.rows()
    guest.kill_dhcpcd()
    guest.namespace.ip("address", "flush", "dev", "eth0")
    for path in (guest.root / "run/dhcpcd-db").iterdir():
        path.unlink()
    guest.start_dhcpcd()
    assert guest.wait_address("192.0.2.", "dhcp")[0] == first
    assert {row["client_id"] for row in server.rows()} == {f"01:{MAC}"}, rows


def test_last_address_kept_when_the_server_is_gone(keep, tmp_path, lan, guest):
    """dhcpcd dies and starts again while no server answers: the lease is good for its time."""
    server = keep(kea(lan, tmp_path).start())
    guest.start()
    first = guest.wait_address("192.0.2.", "dhcp")[0]
    server.stop()
    guest.kill_dhcpcd()
    guest.start_dhcpcd()
    guest.wait(lambda: "using last lease" in guest.dhcpcd_log.read_text(), "it gives up on the server")
    guest.wait_address(first, "dhcp")
    assert guest.namespace.addresses("eth0", "inet") == [first.partition("/")[0]]


def test_moved_to_a_network_that_does_not_refuse(keep, tmp_path, lan, guest):
    """The other network's server is silent about addresses that it does not know (RFC 2131 4.3.2): its own
    address comes all the same, and the old one goes."""
    keep(kea(lan, tmp_path).start())
    other = keep(Lan("198.51.100.1/24"))
    keep(Kea4(other, tmp_path, "198.51.100.0/24", "198.51.100.10 - 198.51.100.20", name="kea-other").start())
    guest.start()
    guest.wait_address("192.0.2.", "dhcp")
    lan.ip("link", "set", guest.port, "down")
    lan.ip("link", "set", guest.port, "nomaster", "netns", other.name)
    other.ip("link", "set", guest.port, "master", "br0", "up")
    guest.wait_address("198.51.100.", "dhcp", deadline_s=30)
    guest.wait(lambda: not guest.address("192.0.2."), "the old address is gone")


@pytest.mark.parametrize("years", [25, -25], ids=["back", "forward"])
def test_clock_set_between_two_lives(keep, tmp_path, lan, guest, years):
    """The lease's file is then as many years off. With no server to ask, the address goes with the lease, not with what
    its age seems to be."""
    server = keep(kea(lan, tmp_path, lifetime_s=LEAST_LEASE_S, **{"renew-timer": 10, "rebind-timer": 15}).start())
    guest.start()
    guest.wait_address("192.0.2.", "dhcp")
    server.stop()
    guest.kill_dhcpcd()
    for path in (guest.root / "run/dhcpcd-db").iterdir():
        when = path.stat().st_mtime + years * 365 * 86400
        os.utime(path, (when, when))
    guest.start_dhcpcd()
    guest.wait(lambda: not guest.address("192.0.2."), "the address is gone", LEAST_LEASE_S + 15)


def test_address_is_used_before_it_is_probed(keep, tmp_path, lan, guest):
    """Link sends ARP probes (sender 0.0.0.0, RFC 5227 2.1.1), three in two seconds: nobody waits for them."""
    keep(Dnsmasq(lan, tmp_path, "dhcp-range=192.0.2.100,192.0.2.150,1h").start())
    capture = keep(Capture(lan))
    guest.start()
    guest.wait_address("192.0.2.1", "dhcp")
    with guest.namespace.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"hello", ("192.0.2.1", 9))

    def own():
        return [frame for frame in capture.arps() if frame[6:12] == bytes.fromhex(MAC.replace(":", ""))]
    frames = guest.wait(lambda: any(frame[28:32] != bytes(4) for frame in own()) and own(), "an ARP packet from its address")
    used = next(i for i, frame in enumerate(frames) if frame[28:32] != bytes(4))
    assert used < 3, f"the address was probed {used} times before it was used"


def test_ipv6_is_probed_without_a_random_wait(keep, lan, guest):
    """Duplicate address detection stays on; the wait of up to 1 s before it is off, on a late NIC too."""
    guest.start()
    guest.wait_address("fe80::", "link-local")
    lan.attach(guest.namespace, "eth1")
    guest.wait_address("fe80::", "link-local", "eth1")
    for ifname in ("eth0", "eth1"):
        seen = {key: guest.namespace.run("cat", f"/proc/sys/net/ipv6/conf/{ifname}/{key}").strip()
                for key in ("router_solicitation_delay", "accept_dad", "accept_ra", "autoconf")}
        assert seen == {"router_solicitation_delay": "0", "accept_dad": "1", "accept_ra": "0", "autoconf": "0"}, \
            f"{ifname}: {seen}"


def test_router_that_is_asked_late(keep, tmp_path, lan, guest):
    """The first solicitations are lost, as on a bridge whose port does not forward yet; the router answers
    those who ask and nobody else. It is asked again (RFC 7559)."""
    guest.start()
    guest.wait(lambda: "no IPv6 Routers available" in guest.dhcpcd_log.read_text(), "four lost solicitations", 30)
    keep(Radvd(lan, tmp_path, "UnicastOnly on;", prefix("2001:db8:1::/64")).start())
    guest.wait_address("2001:db8:1:", "slaac", deadline_s=40)
