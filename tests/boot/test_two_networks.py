"""Two NICs on two networks get an address each; clients on one reach an upstream on the other, and do not say which."""

import pytest
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


@pytest.mark.deadline(240)
def test_the_isolated_side_does_not_say_where_the_host_is(keep, lan, boot, tmp_path):
    """Both networks' DHCP name a DNS server, a domain and a host in it: without `trust` neither is believed, with it the one."""
    other = keep(Lan("198.51.100.1/24"))
    for net, prefix in ((lan, "192.0.2"), (other, "198.51.100")):
        zone = "isolated.example" if net is lan else "corp.example"
        keep(Dnsmasq(net, tmp_path, f"dhcp-range={prefix}.100,{prefix}.150,1h", f"domain={zone}", f"local=/{zone}/",
                     f"host-record=host.{zone},{prefix}.1", f"srv-host=_vlmcs._tcp.{zone},host.{zone},1688", name=zone).start())
    hostile, peer = keep(TcpPeer(lan, echo)), keep(TcpPeer(other, echo))
    guest = boot(lan, other, upstream=None)
    guest.wait_address(r"198\.51\.100\.\d+")
    guest.wait_screen(r"^ DNS +no server known: of several NICs none is trusted, set trust=NIC")
    guest.wait_screen(r"^ Not ready: no upstream found: srv:_vlmcs\._tcp")
    guest.close()
    guest = boot(lan, other, upstream=None, append=f"thimble.trust={guest.nics[1].mac}")
    guest.wait_screen(r"^ DNS +198\.51\.100\.1 \(dhcp4 eth1\); search corp\.example; only eth1 trusted")
    wait_relayed(lan, guest.wait_address(r"192\.0\.2\.\d+"))
    assert peer.clients and not hostile.clients, f"expected clients of the host alone, got {hostile.clients} of the other"
