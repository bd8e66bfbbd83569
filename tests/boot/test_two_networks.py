"""Two NICs on two networks get an address each; clients on one reach an upstream on the other."""

from netns import Lan
from relayed import wait_relayed
from servers import Dnsmasq
from tcp import TcpPeer, echo


def test_relays_from_one_network_to_the_other(keep, lan, boot, tmp_path):
    other = keep(Lan("198.51.100.1/24"))
    keep(Dnsmasq(lan, tmp_path, "dhcp-range=192.0.2.100,192.0.2.150,1h", name="one").start())
    keep(Dnsmasq(other, tmp_path, "dhcp-range=198.51.100.100,198.51.100.150,1h", name="other").start())
    peer = keep(TcpPeer(other, echo))
    guest = boot(lan, other, upstream="198.51.100.1:1688")
    here = guest.wait_address(r"192\.0\.2\.\d+")
    there = guest.wait_address(r"198\.51\.100\.\d+")
    wait_relayed(lan, here)
    assert set(peer.clients) == {f"::ffff:{there}"}, f"expected the guest's {there}, got {peer.clients}"
