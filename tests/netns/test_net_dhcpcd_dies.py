"""Whichever process of dhcpcd dies, all of it ends, addresses and DNS stay, and after its restart net tells
the state again, changes in between included."""

import os
import signal

import pytest
from dhcpcd import GuestNetwork
from servers import Dnsmasq


@pytest.fixture
def guest(guest, keep, tmp_path, lan):
    guest.lan = lan
    guest.server = keep(Dnsmasq(lan, tmp_path, "dhcp-range=192.0.2.100,192.0.2.150,1h", "enable-ra",
                                "dhcp-range=2001:db8:1::,ra-only", "ra-param=br0,4,600",
                                "dhcp-option=option:dns-server,192.0.2.53",
                                "dhcp-option=option6:dns-server,[2001:db8:1::53]").start())
    guest.start()
    guest.wait_address("192.0.2.", "dhcp")
    guest.wait_address("2001:db8:1:", "slaac")
    guest.wait(lambda: len(guest.servers()) == 2, "two DNS servers")
    return guest


def stable(guest):
    """What must not change: addresses and servers without their times."""
    return ([words[:2] for words in guest.addresses()], [words[:3] for words in guest.servers()],
            guest.nic().list("gateway"))


@pytest.mark.parametrize("title", ["manager", "privileged proxy", "network proxy", "control proxy"])
def test_killed(guest, title):
    before = stable(guest)
    guest.kill_dhcpcd(title)
    assert stable(guest) == before, "while dhcpcd is dead"
    guest.server.lines.append("dhcp-option=option:ntp-server,192.0.2.9")
    guest.server.restart()
    guest.start_dhcpcd()
    guest.wait(lambda: guest.resolver().get("ntp.1") == "192.0.2.9", "what the server says now")
    guest.wait(lambda: stable(guest) == before, f"again {before}")
    assert guest.nic()["dhcp4"] == "bound"


def test_ended_and_restarted(guest):
    """An orderly end (SIGTERM) leaves addresses and DNS as well: connections live on."""
    before = stable(guest)
    guest.kill_dhcpcd("manager", signal.SIGTERM)
    assert stable(guest) == before
    assert [line for line in guest.dhcpcd_log.read_text().splitlines() if "control_queue" in line] == []
    guest.start_dhcpcd()
    guest.wait(lambda: guest.nic()["dhcp4"] == "bound" and stable(guest) == before, "the same again")


def test_net_restarted(guest):
    """net itself keeps nothing: a new one learns all from the kernel and dhcpcd."""
    before = stable(guest)
    nic, conf = guest.nic(), guest.resolv_conf()
    guest.net.kill()
    guest.net.wait()
    for path in (guest.run_dir / "net").iterdir():
        path.unlink()
    guest.start_net()
    guest.wait(lambda: stable(guest) == before and guest.resolv_conf() == conf, f"again {before}")
    guest.wait(lambda: guest.nic()["dhcp4"] == "bound" and guest.nic()["ra"] == "received", "the words too")
    for key in ("dhcp4_expires_ms", "dhcp4_renew_ms"):
        assert abs(int(guest.nic()[key]) - int(nic[key])) <= 3000, f"{key}: {nic[key]}, then {guest.nic()[key]}"


def test_a_stopped_dhcpcd_does_not_stop_net(guest):
    """dhcpcd hangs: net still follows the kernel, and does not wait for an answer for ever."""
    manager = guest.dhcpcd_processes()["manager"]
    try:
        guest.dhcpcd.send_signal(signal.SIGSTOP)
        guest.net.kill()
        guest.net.wait()
        guest.start_net()
        guest.namespace.ip("address", "add", "203.0.113.1/24", "dev", "eth0")
        guest.wait_address("203.0.113.1/24", "static")
    finally:
        guest.dhcpcd.send_signal(signal.SIGCONT)
    assert manager == guest.dhcpcd.pid
    guest.wait(lambda: guest.nic()["dhcp4"] == "bound" and len(guest.servers()) == 2, "dhcpcd's state")


def test_reader_of_packets_killed(keep, lan, tmp_path):
    """The process that reads raw DHCP packets lives only while there is no lease. dhcpcd goes on without it,
    and makes a new one for its next question."""
    guest = keep(GuestNetwork())
    lan.attach(guest.namespace)
    guest.start()
    guest.wait(lambda: "BPF BOOTP" in guest.dhcpcd_processes(), "a process that reads packets")
    os.kill(guest.dhcpcd_processes()["BPF BOOTP"], signal.SIGKILL)
    guest.wait(lambda: "BPF BOOTP exited" in guest.dhcpcd_log.read_text(), "dhcpcd sees its end")
    keep(Dnsmasq(lan, tmp_path, "dhcp-range=192.0.2.100,192.0.2.150,1h").start())
    guest.wait_address("192.0.2.1", "dhcp")
