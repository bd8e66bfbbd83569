"""net tells of IPv6 addresses by their origin and of DNS servers by their own lifetimes: router
advertisements (RFC 4861, 4862, 8106) and DHCPv6 (RFC 8415)."""

import time

import pytest
import dhcp6
from servers import Dnsmasq, Kea6, Radvd, dnssl, interval, prefix, rdnss


ROUTER = "fe80::ff:fe00:1"
SLAAC = "::ff:fe00:101"  # of the MAC below (RFC 4291 appendix A)


LAN = "2001:db8:1::1/64", "2001:db8:2::1/64"


def test_slaac(keep, tmp_path, lan, guest):
    keep(Radvd(lan, tmp_path, interval(3, 4), prefix("2001:db8:1::/64", 3600, 1800),
               rdnss("2001:db8:1::53", ROUTER, lifetime_s=600),
               dnssl("corp.example", "lab.example", lifetime_s=300)).start())
    guest.start()
    words = guest.wait_address(f"2001:db8:1{SLAAC}/64", "slaac")
    now_ms = time.clock_gettime(time.CLOCK_MONOTONIC) * 1000
    assert now_ms + 3580_000 <= int(words[2]) <= now_ms + 3601_000
    assert guest.wait_address("fe80::ff:fe00:101/64", "link-local")[2] == "forever"
    guest.wait(lambda: guest.nic().list("gateway") == [f"{ROUTER} ra 1002"], "the router as gateway")
    guest.wait(lambda: guest.resolv_conf() == f"nameserver 2001:db8:1::53\nnameserver {ROUTER}%eth0\n"
               "search corp.example lab.example\n", "resolv.conf")
    guest.wait(lambda: guest.nic()["ra"] == "received" and guest.servers() and guest.searches(), "the record")
    server, search = guest.servers()[0], guest.searches()[0]
    assert server[:3] == ["2001:db8:1::53", "ra", "eth0"] and search[:3] == ["corp.example", "ra", "eth0"]
    assert int(server[3]) - int(search[3]) == 300_000


def test_dns_ends_by_its_own_lifetime(keep, tmp_path, lan, guest):
    """A server whose RDNSS lifetime is over goes, though the prefix lives on; so does a domain."""
    radvd = keep(Radvd(lan, tmp_path, interval(3, 4), prefix("2001:db8:1::/64"),
                       rdnss("2001:db8:1::53", lifetime_s=8), dnssl("corp.example", lifetime_s=8)).start())
    guest.start()
    guest.wait_address("2001:db8:1:", "slaac")
    guest.wait(lambda: "2001:db8:1::53" in guest.resolv_conf(), "resolv.conf")
    radvd.kill()
    guest.wait(lambda: not guest.servers() and not guest.searches() and guest.resolv_conf() == "",
               "DNS is gone")
    assert guest.address("2001:db8:1:")


def test_dns_with_lifetime_zero_goes_at_once(keep, tmp_path, lan, guest):
    radvd = keep(Radvd(lan, tmp_path, interval(3, 4), prefix("2001:db8:1::/64"),
                       rdnss("2001:db8:1::53", lifetime_s=3600), dnssl("corp.example")).start())
    guest.start()
    guest.wait(lambda: guest.servers() and guest.searches(), "a server and a domain")
    radvd.kill()
    radvd.lines = [interval(3, 4), prefix("2001:db8:1::/64"), rdnss("2001:db8:1::53", lifetime_s=0),
                   dnssl("corp.example", lifetime_s=0)]
    radvd.start()
    guest.wait(lambda: not guest.servers() and not guest.searches(), "both are gone")
    assert guest.resolv_conf() == ""


def test_dns_left_out_of_a_later_advertisement_stays(keep, tmp_path, lan, guest):
    """RFC 8106 6.2: an entry lives as long as its lifetime says, not as long as it is repeated."""
    radvd = keep(Radvd(lan, tmp_path, interval(3, 4), prefix("2001:db8:1::/64"),
                       rdnss("2001:db8:1::53", lifetime_s=3600)).start())
    guest.start()
    guest.wait(lambda: [words[0] for words in guest.servers()] == ["2001:db8:1::53"], "the first server")
    radvd.kill()
    radvd.lines = [interval(3, 4), prefix("2001:db8:1::/64"), rdnss("2001:db8:1::54", lifetime_s=3600)]
    radvd.start()
    guest.wait(lambda: [words[0] for words in guest.servers()] == ["2001:db8:1::53", "2001:db8:1::54"],
               "both servers")


def test_renumbering(keep, tmp_path, lan, guest):
    """The old prefix is deprecated, the new one comes; both are shown as what they are (RFC 4192)."""
    radvd = keep(Radvd(lan, tmp_path, interval(3, 4), prefix("2001:db8:1::/64", 3600, 1800)).start())
    guest.start()
    guest.wait_address(f"2001:db8:1{SLAAC}/64", "slaac")
    radvd.kill()
    radvd.lines = [interval(3, 4), prefix("2001:db8:1::/64", 600, 0), prefix("2001:db8:2::/64", 3600, 1800)]
    radvd.start()
    guest.wait_address(f"2001:db8:2{SLAAC}/64", "slaac")
    guest.wait(lambda: guest.address("2001:db8:1:")[3:] == ["deprecated"], "the old address is deprecated")
    assert guest.address("2001:db8:1:")[1] == "slaac"


def test_infinite_prefix_is_no_static_address(keep, tmp_path, lan, guest):
    keep(Radvd(lan, tmp_path, interval(3, 4), prefix("2001:db8:1::/64", "infinity", "infinity")).start())
    guest.start()
    assert guest.wait_address("2001:db8:1:", "slaac")[2] == "forever"
    guest.namespace.ip("address", "add", "2001:db8:1::77/64", "dev", "eth0", "nodad")
    guest.wait_address("2001:db8:1::77/64", "static")


@pytest.mark.parametrize("server", ["kea", "dnsmasq"])
def test_dhcp6(keep, tmp_path, lan, guest, server):
    if server == "kea":
        keep(Kea6(lan, tmp_path, "2001:db8:1::/64", "2001:db8:1::100 - 2001:db8:1::1ff",
                  options={"dns-servers": "2001:db8:1::53", "domain-search": "corp.example",
                           "sntp-servers": "2001:db8:1::9"}).start())
        keep(Radvd(lan, tmp_path, "AdvManagedFlag on;", interval(3, 4),
                   prefix("2001:db8:1::/64", autonomous=False)).start())
    else:
        keep(Dnsmasq(lan, tmp_path, "dhcp-range=2001:db8:1::100,2001:db8:1::1ff,64,1h", "enable-ra",
                     "dhcp-option=option6:dns-server,[2001:db8:1::53]",
                     "dhcp-option=option6:domain-search,corp.example",
                     "dhcp-option=option6:31,[2001:db8:1::9]").start())
    guest.start()
    words = guest.wait_address("2001:db8:1::1", "dhcp")
    assert words[0].endswith("/128") and words[2] != "forever"
    guest.wait(lambda: ["2001:db8:1::53", "dhcp6", "eth0"] in [words[:3] for words in guest.servers()],
               "the server's DNS server")
    assert ["corp.example", "dhcp6", "eth0"] in [words[:3] for words in guest.searches()]
    assert guest.resolver()["ntp.1"] == "2001:db8:1::9"
    assert guest.nic()["dhcp6"] == "bound"


def test_dhcp6_without_addresses(keep, tmp_path, lan, guest):
    """The O flag: addresses by SLAAC, DNS by DHCPv6."""
    keep(Kea6(lan, tmp_path, "2001:db8:1::/64", None, options={"dns-servers": "2001:db8:1::53"}).start())
    keep(Radvd(lan, tmp_path, "AdvOtherConfigFlag on;", interval(3, 4), prefix("2001:db8:1::/64")).start())
    guest.start()
    guest.wait_address(f"2001:db8:1{SLAAC}/64", "slaac")
    guest.wait(lambda: [words[:2] + words[3:] for words in guest.servers()] == [["2001:db8:1::53", "dhcp6", "forever"]],
               "the DNS server, without end")
    assert guest.nic()["dhcp6"] == "inform"


@pytest.mark.parametrize("flag, question", [
    ("AdvManagedFlag on;", dhcp6.SOLICIT), ("AdvOtherConfigFlag on;", dhcp6.INFORMATION_REQUEST)])
def test_dhcp6_server_that_comes_late(keep, tmp_path, lan, guest, flag, question):
    """It is asked every 8 s: at the sixth question the time would double to half a minute and more. The router
    that says so speaks rarely: each time it does, options are asked for anew."""
    keep(Radvd(lan, tmp_path, flag, interval(400, 600), prefix("2001:db8:1::/64")).start())
    silent = keep(dhcp6.ScriptedDhcp6(lan, lambda request: []))
    guest.start()
    guest.wait(lambda: silent.count(question) >= 6, "six questions", 90)
    silent.close()
    keep(Dnsmasq(lan, tmp_path, "dhcp-range=2001:db8:1::100,2001:db8:1::1ff,64,1h",
                 "dhcp-option=option6:dns-server,[2001:db8:1::53]").start())
    guest.wait(lambda: "2001:db8:1::53" in guest.resolv_conf(), "the name server", 20)
