"""What net and the kernel have learned is what relay and resolver go by: after a renumbering, and without any IPv4."""

import os

import pytest
from relay import PORT, Relay
from relayed import wait_relayed
from resolver import Resolver
from servers import Dnsmasq, Radvd, dnssl, interval, prefix, rdnss
from tcp import TcpPeer, echo


ZONE = "corp.example"
SLAAC = "::ff:fe00:101"  # of the MAC below


class FollowingResolver(Resolver):
    """With the resolv.conf that net writes, under /etc as in the image."""

    def start(self):
        etc = self.folder / "etc"
        etc.mkdir()
        (etc / "resolv.conf").symlink_to(self.run_dir / "net/resolv.conf")
        self.child = self.namespace.start("unshare", "--mount", "sh", "-c", f'mount --bind {etc} /etc && exec "$0"',
                                          self.program, log=self.log,
                                          env={**os.environ, "THIMBLE_RUN": str(self.run_dir)})
        self.wait_record(lambda record: record, "there is one")


@pytest.fixture
def guest(guest, keep, tmp_path):
    """dhcpcd, net, relay and resolver, as in the image; nobody answers on IPv4."""
    guest.start()
    guest.relay = keep(Relay(guest.namespace, guest.folder, upstream=f"srv:_kms._tcp,host.{ZONE}:7001"))
    guest.resolver_program = keep(FollowingResolver(guest.namespace, tmp_path, run_dir=guest.run_dir))
    return guest


def dns_lines(net):
    return [f"local=/{ZONE}/", f"srv-host=_kms._tcp.{ZONE},kms.{ZONE},{PORT}", f"host-record=kms.{ZONE},{net}::1",
            f"host-record=host.{ZONE},{net}::2", "max-ttl=1", "local-ttl=1"]


def router_lines(new, *old):
    return [interval(3, 4), *old, prefix(f"{new}::/64"), rdnss(f"{new}::1"), dnssl(ZONE)]


@pytest.mark.deadline(180)
def test_ipv6_only_and_renumbered(keep, tmp_path, lan, guest):
    one, two = "2001:db8:1", "2001:db8:2"
    dns = keep(Dnsmasq(lan, tmp_path, *dns_lines(one)).start())
    radvd = keep(Radvd(lan, tmp_path, *router_lines(one)).start())
    peer = keep(TcpPeer(lan, echo, port=PORT))
    guest.wait_address(f"{one}{SLAAC}/64", "slaac")
    guest.relay.wait_record(lambda r: r.list("source")[:1] == [f"srv:_kms._tcp ok _kms._tcp.{ZONE}"], "found")
    guest.relay.wait_record(lambda r: f"{one}::/64" in r.list("on_link"), "clients of the first network")
    wait_relayed(lan, f"{one}{SLAAC}")
    assert f"{one}{SLAAC}" in peer.clients, peer.clients
    assert guest.nic()["dhcp4"] == "discover", "somebody answers on IPv4"

    lan.set_addresses(f"{two}::1/64")
    dns.lines = dns_lines(two)
    dns.restart()
    radvd.kill()
    radvd.lines = router_lines(two, prefix(f"{one}::/64", 0, 0), rdnss(f"{one}::1", lifetime_s=0))
    radvd.start()
    guest.wait_address(f"{two}{SLAAC}/64", "slaac")
    guest.wait(lambda: guest.resolv_conf() == f"nameserver {two}::1\nsearch {ZONE}\n", "resolv.conf")
    guest.resolver_program.wait_record(lambda r: any(line.endswith(f"{two}::1") for line in r.list("target")),
                                       "the host's new address", 60)
    guest.relay.wait_record(lambda r: f"{two}::/64" in r.list("on_link"), "clients of the second network")
    wait_relayed(lan, f"{two}{SLAAC}")
    assert f"{two}{SLAAC}" in peer.clients, peer.clients
