"""With nothing set, the appliance finds its host by DNS in the domain that DHCP gave, and follows what DNS says."""

import pytest
from relayed import exchange, sha256, wait_relayed
from servers import Dnsmasq, Kea4
from tcp import TcpPeer, digest, echo

ZONE = "kms.example"
SERVICE = f"srv-host=_vlmcs._tcp.{ZONE},host.{ZONE},{{port}},{{priority}},1"


def dns_lines(*services):
    return ["local-ttl=1", f"local=/{ZONE}/", f"host-record=host.{ZONE},192.0.2.1,1",
            *(SERVICE.format(port=port, priority=priority) for port, priority in services)]


@pytest.mark.deadline(240)
def test_service_record(keep, lan, boot, tmp_path):
    """Found, followed to another port, lost, found again; the host of lower priority stands in for the other one."""
    dhcp = ["dhcp-range=192.0.2.100,192.0.2.150,1h", f"domain={ZONE}"]
    dns = keep(Dnsmasq(lan, tmp_path, *dhcp, *dns_lines((1688, 1)))).start()
    first = keep(TcpPeer(lan, echo))
    keep(TcpPeer(lan, digest, port=1689))
    guest = boot(lan, upstream=None)
    four = guest.wait_address(r"192\.0\.2\.\d+")
    wait_relayed(lan, four)
    guest.wait_screen(rf"Upstream\s+up\s+host\.{ZONE}:1688.*srv:_vlmcs\._tcp\.{ZONE}")

    dns.lines = [*dhcp, *dns_lines((1689, 1))]
    dns.restart()
    wait_relayed(lan, four, 60, sha256(b"through the relay"))

    dns.lines = [*dhcp, *dns_lines()]
    dns.restart()
    guest.wait_screen(r"no upstream found: srv:_vlmcs\._tcp")

    dns.lines = [*dhcp, *dns_lines((1688, 1), (1689, 2))]
    dns.restart()
    wait_relayed(lan, four, 90)
    first.close()
    wait_relayed(lan, four, 60, sha256(b"through the relay"))
    guest.wait_screen(rf"down\s+host\.{ZONE}:1688: Connection refused")
    keep(TcpPeer(lan, echo))
    wait_relayed(lan, four, 60)


@pytest.mark.deadline(240)
def test_other_name_servers_come_with_the_lease(keep, lan, boot, tmp_path):
    """The lease names a server that nobody answers at, then one that does, with another search domain."""
    keep(TcpPeer(lan, echo))
    kea = Kea4(lan, tmp_path, "192.0.2.0/24", "192.0.2.100 - 192.0.2.120", lifetime_s=12,
               options={"domain-name-servers": "192.0.2.66", "domain-name": "nowhere.example"})
    keep(kea).start()
    guest = boot(lan, upstream=None)
    four = guest.wait_address(r"192\.0\.2\.\d+")
    guest.wait_screen(r"no upstream found: srv:_vlmcs\._tcp|waiting for DNS")
    keep(Dnsmasq(lan, tmp_path, *dns_lines((1688, 1)))).start()
    kea.stop()
    kea.set_options({"domain-name-servers": "192.0.2.1", "domain-name": ZONE})
    kea.start()
    wait_relayed(lan, four, 90)
    guest.wait_screen(rf"srv:_vlmcs\._tcp\.{ZONE}")
    assert exchange(lan, four) == b"through the relay"
