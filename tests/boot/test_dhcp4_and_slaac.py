"""A network with DHCPv4 and router advertisements gives one address of each kind, and both serve."""

import re

from guest import slaac_address
from relayed import wait_relayed


def test_both_addresses_serve(dual_stack, boot):
    guest = boot(dual_stack)
    four = guest.wait_address(r"192\.0\.2\.\d+")
    six = slaac_address("2001:db8:1::/64", guest.nics[0].mac)
    guest.wait_screen(rf"{six}/64\s+slaac")
    guest.wait_screen(rf"{four}/24\s+dhcp")
    guest.wait_screen(r"gateway.*192\.0\.2\.1 \(dhcp\)")
    guest.wait_screen(r"gateway.*fe80::ff:fe00:1 \(ra\)")
    guest.wait_screen(r"DNS.*192\.0\.2\.1 \(dhcp4\)")
    wait_relayed(dual_stack, four)
    wait_relayed(dual_stack, six)
    guest.wait_screen(r"Ready: relay to 192\.0\.2\.1:1688")
    guest.press(b"l")
    guest.wait_screen(rf"net +eth0: has address {six}/64")
    assert not re.search(r"kernel +ICMPv6", guest.screen()), f"it warns of itself:\n{guest.screen()}"


def test_server_lists_the_lease(keep, lan, boot, tmp_path):
    from servers import Dnsmasq
    server = keep(Dnsmasq(lan, tmp_path, "dhcp-range=192.0.2.100,192.0.2.150,1h").start())
    guest = boot(lan)
    lease = server.lease_of(guest.nics[0].mac)
    assert guest.wait_address(r"192\.0\.2\.\d+") == lease.address
