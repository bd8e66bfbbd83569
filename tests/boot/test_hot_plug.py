"""A NIC that is plugged in gets an address and serves; unplugged, it leaves the screen and nothing breaks."""

import pytest

from netns import Lan
from relayed import wait_relayed
from servers import Dnsmasq
from tcp import TcpPeer, echo


@pytest.mark.parametrize("machine", ["pc", "q35", "q35-native"])
def test_plugged_in_and_out(keep, lan, boot, tmp_path, machine):
    other = keep(Lan("198.51.100.1/24"))
    keep(Dnsmasq(lan, tmp_path, "dhcp-range=192.0.2.100,192.0.2.150,1h", name="one").start())
    keep(Dnsmasq(other, tmp_path, "dhcp-range=198.51.100.100,198.51.100.150,1h", name="other").start())
    keep(TcpPeer(lan, echo))
    guest = boot(lan, machine=machine)
    first = guest.wait_address(r"192\.0\.2\.\d+")
    for _ in range(2):
        plugged = guest.plug(other)
        second = guest.wait_address(r"198\.51\.100\.\d+")
        wait_relayed(other, second)
        guest.unplug(plugged)
        guest.wait_not_on_screen(plugged.mac)
        guest.wait_no_address(second)
        wait_relayed(lan, first)
