"""A VLAN gets its addresses by its own DHCP server or from the setting, serves, and comes back with its NIC."""

import pytest

from netns import Lan
from relayed import wait_relayed
from servers import Dnsmasq, Radvd, interval, prefix
from tcp import TcpPeer, echo
from vlan_cable import Trunk

UPSTREAM = "198.51.100.1:1688"


@pytest.fixture
def tagged(keep):
    """The network of VLAN 5."""
    lan = keep(Lan("198.51.100.1/24", "2001:db8:5::1/64", label="tagged"))
    keep(TcpPeer(lan, echo))
    return lan


@pytest.fixture
def trunk(keep, lan, tagged):
    return keep(Trunk({0: lan, 5: tagged}))


def test_automatic(keep, lan, tagged, trunk, boot, tmp_path):
    keep(Dnsmasq(lan, tmp_path, "dhcp-range=192.0.2.100,192.0.2.150,1h", name="untagged").start())
    keep(Dnsmasq(tagged, tmp_path, "dhcp-range=198.51.100.100,198.51.100.150,1h", name="tagged").start())
    keep(Radvd(tagged, tmp_path, interval(3, 10), prefix("2001:db8:5::/64")).start())
    guest = boot(trunk, upstream=UPSTREAM, append="thimble.ip=eth0.5:dhcp")
    guest.wait_screen(r"^ eth0\.5 +UP ")
    untagged = guest.wait_address(r"192\.0\.2\.\d+")
    address = guest.wait_address(r"198\.51\.100\.\d+")
    address6 = guest.wait_address(r"2001:db8:5::[0-9a-f:]+")
    wait_relayed(tagged, address)
    wait_relayed(tagged, address6)
    wait_relayed(lan, untagged)


@pytest.mark.deadline(240)
def test_static_on_a_nic_with_nothing_else(tagged, trunk, boot):
    """The NIC itself has no address at all; unplugged and plugged in again, its VLAN is made anew."""
    guest = boot(trunk, upstream=UPSTREAM,
                 append='thimble.ip="eth0:none eth0.5:198.51.100.7/24,198.51.100.1 eth0.5:2001:db8:5::7/64"')
    for address in (r"198\.51\.100\.7", "2001:db8:5::7"):
        guest.wait_screen(rf"{address}/\d+ +static")
    wait_relayed(tagged, "198.51.100.7")
    wait_relayed(tagged, "2001:db8:5::7")
    assert "link-local" not in guest.screen().partition("eth0.5")[0], f"eth0 has an address:\n{guest.screen()}"
    guest.unplug(guest.nics[0])
    guest.wait_screen(r"ip: no NIC eth0 yet")
    guest.plug(trunk)
    guest.wait_screen(r"198\.51\.100\.7/24 +static")
    guest.wait_not_on_screen(r"ip: no NIC")
    wait_relayed(tagged, "198.51.100.7")
