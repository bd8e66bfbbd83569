"""A router that changes its prefix: the new address serves, the old one is deprecated and then gone."""

from guest import slaac_address
from relayed import wait_relayed
from servers import Radvd, interval, prefix
from tcp import TcpPeer, echo


def test_old_prefix_fades(keep, lan, boot, tmp_path):
    lan.set_addresses("2001:db8:1::1/64", "2001:db8:2::1/64")
    keep(TcpPeer(lan, echo))
    router = keep(Radvd(lan, tmp_path, interval(3, 4), prefix("2001:db8:1::/64", 30, 20)).start())
    guest = boot(lan, upstream="[2001:db8:2::1]:1688")
    mac = guest.nics[0].mac
    old, new = slaac_address("2001:db8:1::/64", mac), slaac_address("2001:db8:2::/64", mac)
    guest.wait_screen(rf"{old}/64\s+slaac")

    router.lines = [interval(3, 4), prefix("2001:db8:1::/64", 30, 0), prefix("2001:db8:2::/64")]
    router.restart()
    guest.wait_screen(rf"{new}/64\s+slaac")
    guest.wait_screen(rf"{old}/64\s+slaac.*deprecated")
    wait_relayed(lan, new)

    router.lines = [interval(3, 4), prefix("2001:db8:2::/64")]
    router.restart()
    guest.wait_no_address(old)
    wait_relayed(lan, new)
