"""A router that says "managed" makes the guest take its address from DHCPv6, and that address serves."""

from relayed import wait_relayed
from servers import Kea6, Radvd, interval, prefix
from tcp import TcpPeer, echo


def test_address_of_the_lease_serves(keep, lan, boot, tmp_path):
    server = keep(Kea6(lan, tmp_path, "2001:db8:1::/64", "2001:db8:1::1000 - 2001:db8:1::1fff",
                       options={"dns-servers": "2001:db8:1::53"}).start())
    keep(Radvd(lan, tmp_path, interval(3, 10), "AdvManagedFlag on;",
               prefix("2001:db8:1::/64", autonomous=False)).start())
    keep(TcpPeer(lan, echo))
    guest = boot(lan, upstream="[2001:db8:1::1]:1688")
    lease = server.lease_of(guest.nics[0].mac)
    guest.wait_screen(rf"{lease.address}/\d+\s+dhcp")
    guest.wait_screen(r"DNS.*2001:db8:1::53 \(dhcp6\)")
    wait_relayed(lan, lease.address)
