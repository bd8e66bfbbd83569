"""Addresses of the setting `ip` are there without any server, on the NIC that they are meant for, plugged in when it may be."""

import socket

import pytest

from guest import BOOT_S
from netns import Lan, Namespace
from relayed import PORT, wait_relayed
from servers import Dnsmasq
from tcp import TcpPeer, echo


def test_without_any_server(keep, lan, boot):
    """Both families, with gateways; the name server and the MTU that are set."""
    keep(TcpPeer(lan, echo))
    guest = boot(lan, append='thimble.ip="eth0:192.0.2.5/24,192.0.2.1 eth0:2001:db8:1::5/64,2001:db8:1::1" '
                             'thimble.dns=192.0.2.1 thimble.mtu=1400')
    guest.wait_screen(r"192\.0\.2\.5/24 +static")
    guest.wait_screen(r"2001:db8:1::5/64 +static *$")
    guest.wait_screen(r"gateway 192\.0\.2\.1 \(static\), 2001:db8:1::1 \(static\)")
    guest.wait_screen(r"^ DNS +192\.0\.2\.1 \(static\)")
    guest.wait_screen(r"^ Ready: relay to 192\.0\.2\.1:1688")
    wait_relayed(lan, "192.0.2.5")
    wait_relayed(lan, "2001:db8:1::5")
    with lan.connect("192.0.2.5", PORT) as sock:
        segment = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)
    # Less IP's and TCP's headers, the latter with or without timestamps.
    assert segment in (1360, 1348), f"expected segments for an MTU of 1400, got {segment} bytes"


@pytest.mark.deadline(240)
@pytest.mark.parametrize("machine", ["pc", "q35"])
def test_plugged_in_by_mac(keep, lan, boot, tmp_path, machine):
    """The NIC with that MAC has the address, whatever its name; it does not ask DHCP; the other one does."""
    other = keep(Lan("198.51.100.1/24"))
    server = keep(Dnsmasq(lan, tmp_path, "dhcp-range=192.0.2.100,192.0.2.150,1h", name="one").start())
    server_other = keep(Dnsmasq(other, tmp_path, "dhcp-range=198.51.100.100,198.51.100.150,1h", name="other").start())
    keep(TcpPeer(lan, echo))
    mac = "02:00:5e:00:00:02"  # of the second NIC that is plugged in
    guest = boot(lan, machine=machine, append=f"thimble.ip={mac}:198.51.100.7/24")
    first = guest.wait_address(r"192\.0\.2\.\d+")
    guest.wait_screen(rf"ip: no NIC {mac} yet")
    plugged = guest.plug(other)
    assert plugged.mac == mac
    guest.wait_screen(r"198\.51\.100\.7/24 +static")
    guest.wait_not_on_screen(r"ip: no NIC")
    wait_relayed(other, "198.51.100.7")
    guest.unplug(plugged)
    guest.wait_screen(rf"ip: no NIC {mac} yet")
    wait_relayed(lan, first)
    assert mac not in server_other.log_text(), "it asked DHCP for an address"
    assert "DHCPACK" in server.log_text()


@pytest.mark.deadline(240)
def test_another_machine_has_it(keep, lan, boot):
    """The screen names the other one, and no longer when that has given it up."""
    other = keep(Namespace("other"))
    lan.attach(other, mac="02:00:00:00:09:09")
    other.ip("link", "set", "eth0", "up")
    other.ip("address", "add", "192.0.2.5/24", "dev", "eth0")
    guest = boot(lan, append="thimble.ip=eth0:192.0.2.5/24")
    not_in_the_log = r"^(?! +\d+\.\d+ ).*"
    guest.wait_screen(not_in_the_log + r"eth0: address 192\.0\.2\.5: another machine has it, 02:00:00:00:09:09", BOOT_S)
    other.ip("address", "del", "192.0.2.5/24", "dev", "eth0")
    guest.wait_not_on_screen(not_in_the_log + "another machine has it", 120)
