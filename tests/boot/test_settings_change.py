"""Settings that the hypervisor changes while the guest runs: what follows them starts anew with them, the rest runs on,
and a bad one is told and changes nothing.

The guest has its own agent; the Hyper-V host and the kernel's driver are tests/boot/daemons/hyperv.c, in its place and
around it. Init starts it because of a port that nothing else is done with."""

import os
import pathlib
import re

import pytest

from guest import slaac_address
from netns import Lan
from overlay import facts, overlay
from relayed import exchange, sha256, wait_relayed
from servers import Dnsmasq, Radvd, interval, prefix
from tcp import TcpPeer, digest, echo
from tree import BUILD, HERE
from vlan_cable import Trunk
from waiting import wait_until

HYPERV = pathlib.Path(os.environ.get("THIMBLE_HYPERV", HERE / BUILD / "check/hyperv"))
PORT = 7001
AGENT_PORT = ["-device", "virtio-serial-pci", "-device", "virtserialport,name=org.qemu.guest_agent.0"]
OK = "0\n"
DIGEST = sha256(b"through the relay")  # what the other upstream answers
SETTINGS = """relay.guard = off
relay.upstream = 192.0.2.1:1688
relay.max-connections = 77
ip = eth0:192.0.2.5/24,192.0.2.1
"""


class Host:
    """The Hyper-V host. It speaks to the guest by a link-local address, which stays."""

    def __init__(self, lan, guest):
        self.lan = lan
        self.address = f"{slaac_address('fe80::/64', guest.nics[0].mac)}%br0"

    def tell(self, command):
        with self.lan.connect(self.address, PORT) as sock, sock.makefile("rw") as stream:
            stream.write(command + "\n")
            stream.flush()
            return stream.read()

    def set(self, key, value):
        answer = self.tell(f"set thimble.{key} {value}")
        assert answer == OK, f"expected {OK!r}, got {answer!r}"

    def delete(self, key):
        answer = self.tell(f"delete thimble.{key}")
        assert answer == OK, f"expected {OK!r}, got {answer!r}"

    def children(self):
        """{name: (pid, starts)} of init's children."""
        lines = (line.split() for line in self.tell("children").splitlines())
        return {name: (int(pid), int(starts)) for name, pid, starts in lines}


def wait_started_anew(host, before):
    """Each child that follows the settings has another pid; the others have the one that they had."""
    follow = {"relay", "link", "dhcpcd", "net", "clock", "web"}
    assert follow < set(before), before

    def look():
        now = host.children()
        assert all(now[name][0] not in (0, before[name][0]) for name in follow), now
        return now
    now = wait_until(look, 30, f"new processes of {sorted(follow)}, before: {before}")
    rest = set(before) - follow
    assert {"agent", "log", "console.ttyS0"} <= rest, rest
    assert {name: now[name] for name in rest} == {name: before[name] for name in rest}
    return now


def wait_gone(lan, address):
    def gone():
        try:
            exchange(lan, address, timeout=2)
        except OSError:
            return True
        return False
    wait_until(gone, 30, f"nobody at {address}")


@pytest.fixture
def boot_on_hyperv(boot, tmp_path):
    """boot_on_hyperv(LAN, settings): with SETTINGS in a second initrd, which pairs win over."""
    def start(lan, settings):
        root = {"/bin/agent": (0o755, HYPERV.read_bytes()), "/etc/thimble.conf": (0o644, settings.encode()),
                "/etc/thimble/appliance": facts(SERVICE_NAME="relay", SERVICE_PORTS="1688/tcp", SERVICE_PROCESSES="2")}
        extra = ["-initrd", str(overlay(tmp_path, root)), *AGENT_PORT]
        return boot(lan, upstream=None, guard=True, extra=extra)
    return start


@pytest.mark.deadline(240)
def test_pairs_change_while_it_runs(keep, lan, boot_on_hyperv):
    lan.set_addresses("192.0.2.1/24", "192.0.2.2/24", "2001:db8:1::1/64")
    keep(TcpPeer(lan, echo, "192.0.2.1"))
    other = keep(TcpPeer(lan, digest, "192.0.2.2"))
    guest = boot_on_hyperv(lan, SETTINGS)
    guest.wait_screen(r"192\.0\.2\.5/24 +static", 60)
    wait_relayed(lan, "192.0.2.5")
    host = Host(lan, guest)
    before = wait_until(host.children, 30, "an answer of the host's program")

    # A bad pair is told, and starts nothing anew.
    host.set("hostname", "-bad-")
    guest.wait_screen(r'REFUSED .*from Hyper-V: hostname = "-bad-"')
    wait_relayed(lan, "192.0.2.5")
    assert host.children() == before

    # Another upstream.
    host.set("relay.upstream", "192.0.2.2:1688")
    before = wait_started_anew(host, before)
    wait_relayed(lan, "192.0.2.5", expected=DIGEST)
    assert set(other.clients) == {"192.0.2.5"}

    # Another address: the old one is gone, and the rest is as it was.
    host.set("ip", "eth0:192.0.2.6/24,192.0.2.1")
    before = wait_started_anew(host, before)
    guest.wait_screen(r"192\.0\.2\.6/24 +static")
    guest.wait_no_address(r"192\.0\.2\.5")
    wait_relayed(lan, "192.0.2.6", expected=DIGEST)
    assert other.clients[-1] == "192.0.2.6"
    wait_gone(lan, "192.0.2.5")
    guest.wait_screen(r"gateway 192\.0\.2\.1 \(static\)")
    guest.wait_screen(r'REFUSED .*from Hyper-V: hostname = "-bad-"')

    # Each with where it is from.
    guest.press(b"c")
    guest.wait_screen("^ Settings -")
    for setting in (r"ip +eth0:192\.0\.2\.6/24,192\.0\.2\.1 +\(Hyper-V\)",
                    r"relay\.upstream +192\.0\.2\.2:1688 +\(Hyper-V\)",
                    r"relay\.max-connections +77 +\(initrd, line 3\)", r"hostname +- +\(default\)"):
        guest.wait_screen(rf"^ {setting} *$")
    guest.press(b"c")

    # Pairs that the host removes: what they stood in for holds again.
    host.delete("hostname")
    guest.wait_not_on_screen("REFUSED")
    assert host.children() == before
    host.delete("ip")
    wait_started_anew(host, before)
    guest.wait_screen(r"192\.0\.2\.5/24 +static")
    guest.wait_no_address(r"192\.0\.2\.6")
    wait_relayed(lan, "192.0.2.5", expected=DIGEST)


@pytest.mark.deadline(240)
def test_vlan_none_and_leases_are_taken_back(keep, lan, boot_on_hyperv, tmp_path):
    """The VLAN is no NIC any more, and the one below it, which had nothing, has what DHCP and routers give; until it has
    an address that is set, and the lease is given back."""
    tagged = keep(Lan("198.51.100.1/24", label="tagged"))
    trunk = keep(Trunk({0: lan, 5: tagged}))
    server = keep(Dnsmasq(lan, tmp_path, "dhcp-range=192.0.2.100,192.0.2.150,1h").start())
    keep(Radvd(lan, tmp_path, interval(3, 4), prefix("2001:db8:1::/64")).start())
    keep(TcpPeer(tagged, echo))
    peer = keep(TcpPeer(lan, digest, "192.0.2.1"))
    guest = boot_on_hyperv(trunk, "relay.guard = off\nrelay.upstream = 198.51.100.1:1688\n"
                                  "ip = eth0:none eth0.5:198.51.100.7/24\n")
    guest.wait_screen(r"198\.51\.100\.7/24 +static", 60)
    wait_relayed(tagged, "198.51.100.7")
    host = Host(tagged, guest)
    host.set("relay.upstream", "192.0.2.1:1688")
    host.set("ip", "dhcp")
    address = guest.wait_address(r"192\.0\.2\.\d+")
    address6 = guest.wait_address(slaac_address("2001:db8:1::/64", guest.nics[0].mac))
    guest.wait_not_on_screen(r"^ eth0\.5")
    wait_relayed(lan, address, expected=DIGEST)
    wait_relayed(lan, address6, expected=DIGEST)
    Host(lan, guest).set("ip", "eth0:192.0.2.5/24,192.0.2.1")
    guest.wait_screen(r"192\.0\.2\.5/24 +static")
    guest.wait_no_address(re.escape(address))
    wait_relayed(lan, "192.0.2.5", expected=DIGEST)
    assert peer.clients[-1] == "192.0.2.5"
    assert f"DHCPRELEASE(br0) {address}" in server.log_text()
