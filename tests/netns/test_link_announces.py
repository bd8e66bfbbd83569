"""Who spoke to an address before it came to this NIC hears of the new MAC at once."""

import pytest

from dhcpcd import GuestNetwork, has_users
from netns import Lan
from waiting import wait_until

pytestmark = pytest.mark.skipif(not has_users(), reason="needs the guest's users: run as root")

MAC, FORMER = "02:00:00:00:01:01", "02:00:00:00:09:09"


@pytest.mark.parametrize("address, prefix", [("192.0.2.5", 24), ("2001:db8:1::5", 64)])
def test_neighbours_hear_of_the_new_mac(keep, address, prefix):
    lan = keep(Lan("192.0.2.1/24", "2001:db8:1::1/64"))

    def neighbour():
        return lan.run("ip", "neigh", "show", address)
    lan.ip("neigh", "replace", address, "lladdr", FORMER, "dev", "br0", "nud", "stale")
    guest = keep(GuestNetwork(ip=f"eth0:{address}/{prefix}"))
    port = lan.attach(guest.namespace, mac=MAC)
    guest.start()
    guest.wait_address(f"{address}/{prefix}", "static")
    wait_until(lambda: MAC in neighbour(), 20, f"{MAC} for {address}", neighbour)
    if ":" in address:
        return  # the kernel tells each address once, when it has found it to be free
    # Another machine had it while the cable was out.
    lan.ip("link", "set", port, "down")
    guest.wait(lambda: guest.nic()["link"] == "down", "link=down")
    lan.ip("neigh", "replace", address, "lladdr", FORMER, "dev", "br0", "nud", "stale")
    lan.ip("link", "set", port, "up")
    wait_until(lambda: MAC in neighbour(), 20, f"{MAC} for {address} again", neighbour)
