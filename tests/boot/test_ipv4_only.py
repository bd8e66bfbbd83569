"""With DHCPv4 alone, and no router advertisements, the appliance is ready and relays."""

from relayed import wait_relayed
from servers import Kea4
from tcp import TcpPeer, echo


def test_ready_without_ipv6(keep, lan, boot, tmp_path):
    server = keep(Kea4(lan, tmp_path, "192.0.2.0/24", "192.0.2.10 - 192.0.2.20",
                       options={"routers": "192.0.2.1", "domain-name-servers": "192.0.2.53"}).start())
    keep(TcpPeer(lan, echo))
    guest = boot(lan)
    lease = server.lease_of(guest.nics[0].mac)
    guest.wait_screen(rf"{lease.address}/24\s+dhcp")
    guest.wait_screen(r"DNS.*192\.0\.2\.53 \(dhcp4\)")
    wait_relayed(lan, lease.address)
    guest.wait_screen(r"Ready: relay to 192\.0\.2\.1:1688")
