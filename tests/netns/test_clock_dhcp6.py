"""The clock asks the time servers that DHCPv6 names beside an address by SLAAC."""

import pytest
from clock import Clock
from ntp import NtpServer
from servers import Chronyd, Dnsmasq


SERVER = "2001:db8:1::1"
ROUTER = "fe80::ff:fe00:1"


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
