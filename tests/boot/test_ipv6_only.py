"""With router advertisements alone, and no IPv4 at all, the appliance is ready and relays."""

from guest import slaac_address
from relayed import wait_relayed
from servers import Radvd, dnssl, interval, prefix, rdnss
from tcp import TcpPeer, echo


def test_ready_without_ipv4(keep, lan, boot, tmp_path):
    keep(Radvd(lan, tmp_path, interval(3, 10), prefix("2001:db8:1::/64"), rdnss("2001:db8:1::53"),
               dnssl("branch.example.org")).start())
    keep(TcpPeer(lan, echo))
    guest = boot(lan, upstream="[2001:db8:1::1]:1688")
    six = slaac_address("2001:db8:1::/64", guest.nics[0].mac)
    guest.wait_screen(rf"{six}/64\s+slaac")
    guest.wait_screen(r"DNS.*2001:db8:1::53 \(ra\).*branch\.example\.org")
    wait_relayed(lan, six)
    guest.wait_screen(r"Ready: relay to \[2001:db8:1::1\]:1688")
