"""The clock asks the time servers that DHCPv6 names, with and without addresses, and follows them as they change."""

import pytest
from clock import Clock
from dhcpcd import GuestNetwork, has_users
from netns import Lan
from ntp import NtpServer
from servers import Chronyd, Dnsmasq, Kea6, Radvd, interval, prefix

pytestmark = pytest.mark.skipif(not has_users(), reason="needs the guest's users: run as root")

SERVER, OTHER = "2001:db8:1::1", "2001:db8:1::2"
ROUTER = "fe80::ff:fe00:1"


@pytest.fixture
def lan(keep):
    return keep(Lan(f"{SERVER}/64", f"{OTHER}/64"))


@pytest.fixture
def guest(keep, lan):
    guest = keep(GuestNetwork())
    lan.attach(guest.namespace, mac="02:00:00:00:01:01")
    return guest


def kea(lan, folder, pool, options):
    timers = {"renew-timer": 3, "rebind-timer": 50}
    return Kea6(lan, folder, "2001:db8:1::/64", pool, lifetime_s=60, options=options, **timers)


def test_servers_of_a_lease_and_its_changes(keep, lan, guest, tmp_path):
    """Option 31; from the next renewal on another; a lease without one asks nobody."""
    for number, address in enumerate((SERVER, OTHER)):
        keep(Chronyd(lan, tmp_path, address, name=f"chronyd{number}").start())
    server = keep(kea(lan, tmp_path, "2001:db8:1::100 - 2001:db8:1::1ff", {"sntp-servers": SERVER}).start())
    keep(Radvd(lan, tmp_path, "AdvManagedFlag on;", interval(3, 4),
               prefix("2001:db8:1::/64", autonomous=False)).start())
    guest.start()
    clock = keep(Clock(guest.namespace, tmp_path, run_dir=guest.run_dir))
    clock.wait_state("synchronised", server=SERVER, source="ntp", asked_origin="dhcp", stratum="9")
    server.set_options({"sntp-servers": OTHER})
    server.restart()
    clock.wait_state("synchronised", 60, server=OTHER)
    server.set_options({})
    server.restart()
    record = clock.wait_state("no servers", 60, source="ntp")
    assert "server" not in record and clock.ntpd() is None


@pytest.mark.parametrize("option", ["sntp-server", "ntp-server"])
def test_server_without_addresses(keep, lan, guest, tmp_path, option):
    """The O flag: an address by SLAAC, the time server by DHCPv6: option 31 (RFC 4075) or 56 (RFC 5908)."""
    keep(Chronyd(lan, tmp_path, SERVER).start())
    keep(Dnsmasq(lan, tmp_path, "dhcp-range=2001:db8:1::,ra-stateless", "enable-ra",
                 f"dhcp-option=option6:{option},[{SERVER}]").start())
    guest.start()
    clock = keep(Clock(guest.namespace, tmp_path, run_dir=guest.run_dir))
    clock.wait_state("synchronised", server=SERVER, asked_origin="dhcp")
    assert guest.nic()["dhcp6"] == "inform"


def test_server_by_its_link_local_address(keep, lan, guest, tmp_path):
    """Of a small router that names itself."""
    keep(NtpServer(lan, "::"))
    keep(Dnsmasq(lan, tmp_path, "dhcp-range=2001:db8:1::,ra-stateless", "enable-ra",
                 f"dhcp-option=option6:sntp-server,[{ROUTER}]").start())
    guest.start()
    guest.wait(lambda: guest.resolver().get("ntp.1") == f"{ROUTER}%eth0", "the time server with its NIC")
    clock = keep(Clock(guest.namespace, tmp_path, run_dir=guest.run_dir))
    record = clock.wait_state("synchronised", asked_origin="dhcp")
    assert record["server"].startswith(f"{ROUTER}%"), record  # the NIC by its number, as ntpd has it
    assert clock.asked() == [f"{ROUTER}%eth0"]
