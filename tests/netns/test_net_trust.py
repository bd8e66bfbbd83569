"""With two NICs the setting `trust` says whose DHCP and advertisements name servers, domains and the host name."""

import pytest
from dhcpcd import GuestNetwork
from netns import Lan
from servers import Dnsmasq, Radvd, dnssl, interval, prefix, rdnss


EVIL, GOOD = "evil.example", "corp.example"


@pytest.fixture
def guest(keep, tmp_path):
    """Starts a guest with SETTINGS: on eth0 somebody says all that can be said, on eth1 the organisation does."""
    def start(**settings):
        guest = keep(GuestNetwork(**settings))
        for number, domain in enumerate((EVIL, GOOD)):
            lan = keep(Lan(f"198.51.{number}.1/24", f"2001:db8:a{number}::1/64"))
            server = f"198.51.{number}.53"
            keep(Dnsmasq(lan, tmp_path, f"dhcp-range=198.51.{number}.100,198.51.{number}.150,1h", f"domain={domain}",
                         f"dhcp-option=option:dns-server,{server}", f"dhcp-option=option:ntp-server,{server}",
                         f"dhcp-option=option:log-server,{server}", f"dhcp-host=02:00:00:00:03:0{number},host-{number}",
                         name=f"dnsmasq{number}").start())
            keep(Radvd(lan, tmp_path, interval(3, 10), prefix(f"2001:db8:a{number}::/64"), rdnss(f"2001:db8:a{number}::53"),
                       dnssl(domain), name=f"radvd{number}").start())
            lan.attach(guest.namespace, f"eth{number}", mac=f"02:00:00:00:03:0{number}")
        guest.start()
        for number in range(2) if "ip" not in settings else [1]:
            guest.wait_address(f"198.51.{number}.", "dhcp", f"eth{number}")
            guest.wait_address(f"2001:db8:a{number}:", "slaac", f"eth{number}")
        return guest
    return start


def words(guest):
    """All that the network has told, as the record has it."""
    return {key: value.split()[0] for key, value in guest.resolver().items()
            if key.partition(".")[0] in ("server", "search", "host_name", "ntp", "log_server")}


def only_eth1(guest):
    return words(guest) == {"server.1": "198.51.1.53", "server.2": "2001:db8:a1::53", "search.1": GOOD, "ntp.1": "198.51.1.53",
                            "log_server.1": "198.51.1.53", "host_name": "host-1"}


@pytest.mark.parametrize("trust", ["eth1", "02:00:00:00:03:01"])
def test_one_is_trusted(guest, trust):
    found = guest(trust=trust)
    found.wait(lambda: only_eth1(found), "the words of eth1 alone")
    assert "198.51.0" not in found.resolv_conf() and EVIL not in found.resolv_conf()
    assert found.resolver()["trust"] == "eth1"


def test_of_several_none(guest):
    """What an appliance says that has an isolated side: which one that is, it cannot know."""
    found = guest(trust="single", dns="192.0.2.9")
    found.wait(lambda: found.resolver().get("trust") == "none", "trust=none")
    assert words(found) == {"server.1": "192.0.2.9"}


def test_the_only_one_that_hears_anything(guest):
    found = guest(trust="single", ip="eth0:none")
    found.wait(lambda: only_eth1(found), "the words of eth1 alone")


def test_without_the_setting_all_are_trusted(guest):
    found = guest()
    found.wait(lambda: {"198.51.0.53", "198.51.1.53", EVIL, GOOD} <= set(words(found).values()), "the words of both")
