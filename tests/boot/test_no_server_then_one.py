"""Without any server the screen says that it waits for an address; once a server is there it gets one."""

from relayed import wait_relayed
from servers import Dnsmasq
from tcp import TcpPeer, echo


def test_address_from_a_server_that_came_late(keep, lan, boot, tmp_path):
    keep(TcpPeer(lan, echo))
    guest = boot(lan)
    guest.wait_screen(r"Not ready: no address yet on eth0")
    guest.wait_screen(r"Not ready: no address yet on eth0 \(DHCP: discover, 1\d s\)")
    keep(Dnsmasq(lan, tmp_path, "dhcp-range=192.0.2.100,192.0.2.150,1h").start())
    four = guest.wait_address(r"192\.0\.2\.\d+", 30)
    guest.wait_not_on_screen(r"waiting for an address")
    wait_relayed(lan, four)
