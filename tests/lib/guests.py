"""Fixtures of the boot tests: networks as the cases have them, and guests plugged into them."""

import os
import pathlib

import pytest

from guest import Guest
from netns import Lan
from overlay import facts, overlay
from servers import Dnsmasq, Kea4, Radvd, interval, prefix, rdnss
from tcp import TcpPeer, echo
from tree import BUILD, HERE
from users import changed, uid_of

UPSTREAM4 = "192.0.2.1:1688"
MISBEHAVE = pathlib.Path(os.environ.get("THIMBLE_MISBEHAVE", HERE / BUILD / "check/misbehave"))
PORT = 7000


@pytest.fixture(scope="session", autouse=True)
def accelerator():
    from vm import machines
    name, why = machines.choose_accelerator(os.environ.get("ACCEL"))
    print(f"accelerator {name} ({why})")


@pytest.fixture
def lan(keep):
    """A segment without servers; 192.0.2.1 and 2001:db8:1::1 are ours on it."""
    return keep(Lan("192.0.2.1/24", "2001:db8:1::1/64"))


@pytest.fixture
def dual_stack(keep, lan, tmp_path):
    """The same with DHCPv4 and router advertisements, and an echo peer as the upstream on port 1688."""
    keep(Dnsmasq(lan, tmp_path, "dhcp-range=192.0.2.100,192.0.2.150,1h").start())
    keep(Radvd(lan, tmp_path, interval(3, 10), prefix("2001:db8:1::/64"), rdnss("2001:db8:1::1")).start())
    keep(TcpPeer(lan, echo))
    return lan


@pytest.fixture
def renewing(keep, lan, tmp_path):
    """The same by a Kea4 whose lease is renewed every few seconds: that server, on `renewing.lan`."""
    server = keep(Kea4(lan, tmp_path, "192.0.2.0/24", "192.0.2.100 - 192.0.2.150", lifetime_s=60,
                       options={"routers": "192.0.2.1"}, **{"renew-timer": 5, "rebind-timer": 40}).start())
    keep(Radvd(lan, tmp_path, interval(3, 10), prefix("2001:db8:1::/64"), rdnss("2001:db8:1::1")).start())
    keep(TcpPeer(lan, echo))
    return server


@pytest.fixture
def boot(keep, tmp_path):
    """boot(LAN..., upstream=..., more as Guest takes it): a kms-relay that starts now. Without GUARD, for the peers of
    most tests speak no DCE/RPC."""
    def start(*lans, upstream=UPSTREAM4, guard=False, append="", **options):
        if upstream:
            append = f"thimble.relay.upstream={upstream} {append}"
        if not guard:
            append = f"thimble.relay.guard=off {append}"
        return keep(Guest(tmp_path, *lans, append=append, **options))
    return start


@pytest.fixture
def boot_misbehaving(keep, tmp_path):
    """boot_misbehaving(LAN..., arguments=...): the image with tests/fault/daemons/misbehave.c as its
    service, which has no room and sees the processes of all; FACTS and FILES change its facts and its root."""
    def start(*lans, arguments=str(PORT), fact_changes=None, files=None, **options):
        root = {"/bin/service": (0o755, MISBEHAVE.read_bytes()),
                "/etc/passwd": changed("service", uid_of("service")),
                "/etc/thimble/appliance": facts(**(fact_changes or {})),
                "/etc/thimble/settings.conf": (0o644, f"service.args = {arguments}\n".encode()),
                **(files or {})}
        return keep(Guest(tmp_path, *lans, extra=["-initrd", str(overlay(tmp_path, root))], **options))
    return start
