"""Who spoke to an address before it came to this NIC hears of the new MAC at once."""

import signal
import socket

import pytest

from capture import Capture
from dhcpcd import GuestNetwork, MAC
from netns import Lan
from waiting import wait_until


OTHER, FORMER = "02:00:00:00:01:02", "02:00:00:00:09:09"


class Neighbour:
    """It knows ADDRESS by FORMER, until it hears of MAC."""

    def __init__(self, keep, address, prefix):
        self.address = address
        self.lan = keep(Lan("192.0.2.1/24", "2001:db8:1::1/64"))
        self.forget()
        self.guest = keep(GuestNetwork(ip=f"eth0:{address}/{prefix}"))
        self.port = self.lan.attach(self.guest.namespace, mac=MAC)

    def forget(self):
        self.lan.ip("neigh", "replace", self.address, "lladdr", FORMER, "dev", "br0", "nud", "stale")

    def known(self):
        return self.lan.run("ip", "neigh", "show", self.address)

    def wait(self, what="at first", mac=MAC):
        wait_until(lambda: mac in self.known(), 20, f"{mac} for {self.address} {what}",
                   lambda: self.known() + self.guest.logs())


@pytest.fixture
def neighbour(keep):
    return Neighbour(keep, "192.0.2.5", 24)


def test_ipv6(keep):
    """The kernel tells each address once, when it has found it to be free."""
    neighbour = Neighbour(keep, "2001:db8:1::5", 64)
    neighbour.guest.start()
    neighbour.wait()


def test_once_more_when_the_carrier_is_back(neighbour):
    """Another machine had it while the cable was out."""
    guest, lan = neighbour.guest.start(), neighbour.lan
    neighbour.wait()
    lan.ip("link", "set", neighbour.port, "down")
    guest.wait(lambda: guest.nic()["link"] == "down", "link=down")
    neighbour.forget()
    lan.ip("link", "set", neighbour.port, "up")
    neighbour.wait("again")


def test_the_carrier_was_away_for_a_moment(neighbour):
    """Link looks when all is over."""
    guest, lan = neighbour.guest.start(), neighbour.lan
    neighbour.wait()
    guest.wait(lambda: guest.nic()["link"] == "up", "link=up")
    guest.link.send_signal(signal.SIGSTOP)
    lan.ip("link", "set", neighbour.port, "down")
    guest.wait(lambda: guest.nic()["link"] == "down", "link=down")
    neighbour.forget()
    lan.ip("link", "set", neighbour.port, "up")
    guest.wait(lambda: guest.nic()["link"] == "up", "link=up")
    guest.link.send_signal(signal.SIGCONT)
    neighbour.wait("again")


def test_the_nic_gets_another_mac(neighbour):
    guest = neighbour.guest.start()
    neighbour.wait()
    guest.namespace.ip("link", "set", "eth0", "address", OTHER)
    neighbour.wait("later", OTHER)


def test_twice_for_the_first_may_be_lost(keep, neighbour):
    """As by a switch whose port passes nothing on yet. And no oftener."""
    capture = keep(Capture(neighbour.lan))
    neighbour.guest.start()

    def announcements():
        return [frame[28:32] + frame[38:42] for frame in capture.arps()].count(2 * socket.inet_aton(neighbour.address))
    wait_until(lambda: announcements() == 2, 20, "two announcements", announcements)
    with pytest.raises(AssertionError):
        wait_until(lambda: announcements() > 2, 5, "a third one")
