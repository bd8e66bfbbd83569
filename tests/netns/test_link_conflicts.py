"""An IPv4 address of the guest that another machine has as well is told, and told no longer when that ends (RFC 5227)."""

import socket
import struct

import pytest

from capture import Capture
from dhcpcd import GuestNetwork, MAC
from netns import Namespace
from servers import Kea4


OTHER = "02:00:00:00:09:09"
ETH_P_ARP = 0x0806
ROUNDS_S = 60  # link asks again every 15 s, and has to be answered in none of two rounds


@pytest.fixture
def start(keep, lan):
    def start_guest(**settings):
        guest = keep(GuestNetwork(**settings))
        guest.port = lan.attach(guest.namespace, mac=MAC)
        return guest.start()
    return start_guest


@pytest.fixture
def other(keep, lan):
    """Another machine on the same link."""
    machine = keep(Namespace("other"))
    lan.attach(machine, mac=OTHER)
    machine.ip("link", "set", "eth0", "up")
    return machine


def told(address, ifname="eth0"):
    return [f"{ifname}: address {address}: another machine has it, {OTHER}"]


def wait_problems(guest, expected, deadline_s=ROUNDS_S):
    guest.wait(lambda: guest.problems() == expected, f"problems: {expected}", deadline_s)


def test_set_by_hand_twice(other, start):
    other.ip("address", "add", "192.0.2.5/24", "dev", "eth0")
    guest = start(ip="eth0:192.0.2.5/24")
    wait_problems(guest, told("192.0.2.5"))
    other.ip("address", "del", "192.0.2.5/24", "dev", "eth0")
    wait_problems(guest, [])
    assert guest.wait_address("192.0.2.5/24", "static")


def test_offered_although_in_use(keep, lan, other, start, tmp_path):
    """Kea does not ask before it offers."""
    other.ip("address", "add", "192.0.2.10/24", "dev", "eth0")
    keep(Kea4(lan, tmp_path, "192.0.2.0/24", "192.0.2.10 - 192.0.2.10").start())
    guest = start()
    guest.wait_address("192.0.2.10/24", "dhcp")
    wait_problems(guest, told("192.0.2.10"))


def test_taken_later(keep, lan, other, start):
    """Link does not ask any more: the other one says so when it speaks to anybody."""
    capture = keep(Capture(lan))
    guest = start(ip="eth0:192.0.2.5/24")
    guest.wait(lambda: [frame[28:32] for frame in capture.arps()].count(bytes(4)) == 3, "three probes")
    assert guest.problems() == []
    other.ip("address", "add", "192.0.2.5/24", "dev", "eth0")
    other.run("ping", "-n", "-c1", "-W1", "192.0.2.77", check=False)
    wait_problems(guest, told("192.0.2.5"))


def test_cable_moved_to_another_network(keep, lan, other, start):
    """What was found out belongs to the network that it was found out in."""
    other.ip("address", "add", "192.0.2.5/24", "dev", "eth0")
    guest = start(ip="eth0:192.0.2.5/24")
    wait_problems(guest, told("192.0.2.5"))
    lan.ip("link", "set", guest.port, "down")
    wait_problems(guest, [])
    other.ip("address", "del", "192.0.2.5/24", "dev", "eth0")
    lan.ip("link", "set", guest.port, "up")
    guest.wait(lambda: guest.nic()["link"] == "up", "link=up")
    assert guest.problems() == []
    lan.ip("link", "set", guest.port, "down")
    guest.wait(lambda: guest.nic()["link"] == "down", "link=down")
    other.ip("address", "add", "192.0.2.5/24", "dev", "eth0")
    lan.ip("link", "set", guest.port, "up")
    wait_problems(guest, told("192.0.2.5"))


def test_its_own_packets_come_back(lan, other, start):
    """As some switches do it; the other machine comes last, and it alone is told."""
    guest = start(ip="eth0:192.0.2.5/24 eth0:192.0.2.6/24")
    guest.wait_address("192.0.2.6/24", "static")
    announcement = struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, bytes.fromhex(MAC.replace(":", "")),
                               socket.inet_aton("192.0.2.5"), bytes(6), socket.inet_aton("192.0.2.5"))
    with lan.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as back:
        back.sendto(announcement, ("br0", ETH_P_ARP, 0, 1, b"\xff" * 6))
    other.ip("address", "add", "192.0.2.6/24", "dev", "eth0")
    other.run("ping", "-n", "-c1", "-W1", "192.0.2.77", check=False)
    wait_problems(guest, told("192.0.2.6"))
    assert "192.0.2.5: another" not in guest.logs()


def test_link_dies(other, start):
    other.ip("address", "add", "192.0.2.5/24", "dev", "eth0")
    guest = start(ip="eth0:192.0.2.5/24")
    wait_problems(guest, told("192.0.2.5"))
    guest.link.kill()
    guest.link.wait()
    guest.namespace.children.remove(guest.link)
    other.ip("address", "del", "192.0.2.5/24", "dev", "eth0")
    guest.start_link()
    wait_problems(guest, [])
