"""Eight NICs of several models get a lease each; the screen counts and pages them, and tells of the one whose cable is
out and forgets the one that is taken away."""

import re

import pytest

from netns import Lan
from relayed import wait_relayed
from servers import Dnsmasq
from tcp import TcpPeer, echo
from waiting import wait_until

# No tulip: Linux' driver takes a MAC that begins with 02:00, as ours do, for one with its bytes swapped (tulip_core.c).
MODELS = ["virtio-net-pci", "e1000", "e1000e", "vmxnet3", "pcnet", "e1000-82545em", "virtio-net-pci", "e1000"]
NIC = re.compile(r"^ (eth\d+) +(UP|DOWN) +(\S+)")
ADDRESS = re.compile(r"^ +(192\.0\.2\.\d+)/24 +dhcp")


def turn(guest, page, count):
    """To the next page, behind the last one to the first; returns its number."""
    guest.press(b"n")
    guest.wait_screen(rf"page {page % count + 1} of {count}", 10)
    return page % count + 1


def shown(guest):
    """{MAC: (UP or DOWN, its IPv4 address or None)} of all pages; each but the last one counts the NICs that follow."""
    found, mac = {}, None
    page, count = map(int, guest.wait_screen(r"page (\d+) of (\d+)", 10).groups())
    while page != 1:
        page = turn(guest, page, count)
    to_come = []
    for page in range(1, count + 1):
        for line in guest.screen().splitlines():
            if (nic := NIC.match(line)):
                mac = nic[3]
                found[mac] = (nic[2], None)
            elif (address := ADDRESS.match(line)) and mac:
                found[mac] = (found[mac][0], address[1])
        more = re.search(r"^ +(\d+) more NICs?: n$", guest.screen(), re.MULTILINE)
        to_come.append((len(found), int(more[1]) if more else 0))
        turn(guest, page, count)
    assert all(seen + more == len(found) for seen, more in to_come), f"NICs seen, NICs to come: {to_come}"
    return found


@pytest.mark.deadline(300)
@pytest.mark.parametrize("bridges", [1, 8])
def test_each_has_its_lease(keep, lan, boot, tmp_path, bridges):
    lans = [lan] + [keep(Lan("192.0.2.1/24")) for _ in range(bridges - 1)]
    servers = [keep(Dnsmasq(each, tmp_path, "dhcp-range=192.0.2.100,192.0.2.150,1h", name=f"dnsmasq{number}").start())
               for number, each in enumerate(lans)]
    keep(TcpPeer(lan, echo))
    guest = boot(*(lans[number % bridges] for number in range(8)), nic_model=MODELS, lines=24)
    leases = {nic.mac: servers[number % bridges].lease_of(nic.mac, 120).address
              for number, nic in enumerate(guest.nics)}
    expected = {mac: ("UP", address) for mac, address in leases.items()}
    wait_until(lambda: shown(guest) == expected, 90, f"each NIC once, with its lease: {expected}", guest.screen)
    if bridges == 1:
        wait_relayed(lan, leases[guest.nics[0].mac])

    out, gone = guest.nics[6], guest.nics[1]
    guest.set_link(out, False)
    guest.unplug(gone)
    expected[out.mac] = ("DOWN", None)
    del expected[gone.mac]
    wait_until(lambda: shown(guest) == expected, 90, f"one out, one gone: {expected}", guest.screen)
    guest.set_link(out, True)
    expected[out.mac] = ("UP", leases[out.mac])
    wait_until(lambda: shown(guest) == expected, 90, f"in again: {expected}", guest.screen)
