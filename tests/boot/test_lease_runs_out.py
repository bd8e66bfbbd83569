"""A server that is gone until the lease ends: the address goes too; on another network it gets a new one."""

import pytest

from relayed import wait_relayed
from servers import Kea4
from tcp import TcpPeer, echo

LEASE_S = 30


@pytest.mark.deadline(240)
def test_another_network_after_the_lease(keep, lan, boot, tmp_path):
    keep(TcpPeer(lan, echo))
    server = keep(Kea4(lan, tmp_path, "192.0.2.0/24", "192.0.2.10 - 192.0.2.20", lifetime_s=LEASE_S,
                       options={"routers": "192.0.2.1"}).start())
    guest = boot(lan, upstream="198.51.100.1:1688")
    lease = server.lease_of(guest.nics[0].mac)
    guest.wait_screen(rf"{lease.address}/24\s+dhcp")
    server.kill()
    guest.wait_no_address(lease.address, LEASE_S + 60)
    guest.wait_screen(r"Not ready: no address yet on eth0")

    lan.set_addresses("198.51.100.1/24")
    other = keep(Kea4(lan, tmp_path, "198.51.100.0/24", "198.51.100.10 - 198.51.100.20", name="other").start())
    guest.wait_screen(rf"{other.lease_of(guest.nics[0].mac).address}/24\s+dhcp")
    wait_relayed(lan, other.leases()[-1].address)
