"""A server that refuses the address at renewal (DHCPNAK) makes the guest drop it and take another."""

from relayed import wait_relayed
from servers import Kea4
from tcp import TcpPeer, echo

OPTIONS = {"routers": "192.0.2.1"}


def test_new_address_after_nak(keep, lan, boot, tmp_path):
    keep(TcpPeer(lan, echo))
    timers = {"authoritative": True, "renew-timer": 8, "rebind-timer": 20}
    old = keep(Kea4(lan, tmp_path, "192.0.2.0/24", "192.0.2.10 - 192.0.2.20", lifetime_s=60,
                    options=OPTIONS, name="old", **timers).start())
    guest = boot(lan, upstream="198.51.100.1:1688")
    lease = old.lease_of(guest.nics[0].mac)
    guest.wait_screen(rf"{lease.address}/24\s+dhcp")
    old.stop()

    # The server keeps its address on the wire, so that the renewal (unicast) reaches it.
    lan.set_addresses("192.0.2.1/24", "198.51.100.1/24")
    new = keep(Kea4(lan, tmp_path, "198.51.100.0/24", "198.51.100.10 - 198.51.100.20", lifetime_s=60,
                    name="new", **timers).start())
    guest.wait_address(r"198\.51\.100\.\d+")
    guest.wait_no_address(lease.address)
    assert "DHCPNAK" in new.log_text(), f"expected the server to have sent DHCPNAK:\n{new.log_text()}"
    wait_relayed(lan, new.lease_of(guest.nics[0].mac).address)
