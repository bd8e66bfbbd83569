"""Addresses of the setting `ip` stay on their NIC, whatever happens to it; what is not said stays automatic; what
cannot be is told in words."""

import signal
import subprocess

import pytest
from dhcpcd import GuestNetwork, MAC
from ndp import Router, advertisement, redirect
from ndp import prefix as ndp_prefix
from netns import Monitor, Namespace, connect_veth, wait_until
from servers import Dnsmasq, Radvd, interval, prefix, rdnss


SLAAC = "2001:db8:1::ff:fe00:101/64"
ROUTER = "fe80::ff:fe00:1"
STRANGER = "fe80::bad"
RETRY_S = 40  # link tries what was refused again every 15 s


@pytest.fixture
def lan(keep, lan, tmp_path):
    """A network that gives everything by itself: DHCPv4, router advertisements, DHCPv6."""
    lan.dnsmasq = keep(Dnsmasq(lan, tmp_path, "dhcp-range=192.0.2.100,192.0.2.150,1h",
                               "dhcp-range=2001:db8:1::100,2001:db8:1::1ff,64,1h",
                               "dhcp-option=option:dns-server,192.0.2.53").start())
    lan.radvd = keep(Radvd(lan, tmp_path, "AdvManagedFlag on;", interval(3, 4), prefix("2001:db8:1::/64"),
                           rdnss("2001:db8:1::53")).start())
    return lan


@pytest.fixture
def start(keep, lan):
    """start(ip=..., dns=...): a guest on LAN whose settings those are."""
    def start_guest(mac=MAC, **settings):
        guest = keep(GuestNetwork(**settings))
        guest.port = lan.attach(guest.namespace, mac=mac)
        return guest.start()
    return start_guest


def reaches(source, address):
    """Whether ADDRESS answers SOURCE's ping."""
    return subprocess.run(source.command("ping", "-n", "-c1", "-W2", address), capture_output=True).returncode == 0


def wait_reaches(guest, source, address):
    guest.wait(lambda: reaches(source, address), f"an answer of {address}")


def names(guest, ifname="eth0"):
    """The NIC's addresses but for the link-local one, as the kernel has them, in its order."""
    return [a for a in guest.namespace.addresses(ifname) if not a.startswith("fe80:")]


def test_ipv4_stays_and_ipv6_is_automatic(lan, start):
    guest = start(ip="eth0:192.0.2.5/24,192.0.2.1")
    assert guest.wait_address("192.0.2.5/24", "static")[2] == "forever"
    guest.wait_address(SLAAC, "slaac")
    guest.wait(lambda: sorted(guest.nic().list("gateway")) == ["192.0.2.1 static 2", f"{ROUTER} ra 1002"], "both gateways")
    wait_reaches(guest, lan, "192.0.2.5")
    guest.wait(lambda: guest.address("2001:db8:1::1"), "DHCPv6's address")
    guest.wait(lambda: {words[1] for words in guest.servers()} == {"ra", "dhcp6"}, "name servers of IPv6 alone")
    guest.wait(lambda: guest.nic()["dhcp4"] == "off" and guest.link_state().list("waiting") == [], "dhcp4=off, waits for nothing")
    assert guest.problems() == [] and [a for a in names(guest) if "." in a] == ["192.0.2.5"]
    assert "DHCPDISCOVER" not in lan.dnsmasq.log_text()


def test_ipv6_stays_and_ipv4_is_automatic(lan, start):
    """Routers still tell the gateway and the name servers; their prefix makes no address, their M flag asks nobody."""
    guest = start(ip="eth0:2001:db8:1::5/64")
    assert guest.wait_address("2001:db8:1::5/64", "static")[2] == "forever"
    guest.wait_address("192.0.2.1", "dhcp")
    guest.wait(lambda: f"{ROUTER} ra 1002" in guest.nic().list("gateway"), "the router as gateway")
    guest.wait(lambda: "2001:db8:1::53" in guest.resolv_conf(), "the router's name server")
    wait_reaches(guest, lan, "2001:db8:1::5")
    guest.wait(lambda: guest.nic()["ra"] == "received" and guest.nic()["dhcp6"] == "off", "ra=received, dhcp6=off")
    assert [a for a in names(guest) if ":" in a] == ["2001:db8:1::5"]
    assert "DHCPSOLICIT" not in lan.dnsmasq.log_text()


@pytest.mark.parametrize("gateway", ["2001:db8:1::1", ROUTER])
def test_ipv6_with_a_gateway_hears_no_router(keep, lan, start, gateway):
    """Neither dhcpcd nor the kernel itself."""
    guest = start(ip=f"eth0:2001:db8:1::5/64,{gateway}")
    guest.wait_address("2001:db8:1::5/64", "static")
    guest.wait_address("192.0.2.1", "dhcp")
    guest.wait(lambda: f"{gateway} static 2" in guest.nic().list("gateway"), "the gateway")
    lan.ip("address", "add", "2001:db8:9::1/128", "dev", "lo")
    wait_reaches(guest, guest.namespace, "2001:db8:9::1")
    guest.wait(lambda: guest.nic()["ra"] == "off", "ra=off")
    guest.wait_address("fe80::ff:fe00:101/64", "link-local")
    stranger = keep(Router(lan, source=STRANGER))
    stranger.send(advertisement(ndp_prefix("2001:db8:7::/64")))
    wait_reaches(guest, lan, "2001:db8:1::5")  # behind the advertisement: what that changes is there
    assert [a for a in names(guest) if ":" in a] == ["2001:db8:1::5"]
    assert not [line for line in guest.nic().list("gateway") if " ra " in line]
    assert not [line for line in guest.routes(6) if "proto ra" in line or "proto kernel" in line and "db8:7::" in line], \
        guest.routes(6)


def test_no_redirect_is_believed(keep, lan, start):
    """RFC 4861 8: of the gateway in use, for a destination that goes by it."""
    guest = start(ip=f"eth0:2001:db8:1::5/64,{ROUTER}")
    guest.wait_address("2001:db8:1::5/64", "static")
    guest.wait(lambda: f"{ROUTER} static 2" in guest.nic().list("gateway"), "the gateway")
    wait_reaches(guest, lan, "2001:db8:1::5")
    router = keep(Router(lan, source=ROUTER))
    router.send(redirect(target=STRANGER, destination="2001:db8:9::1"), destination="2001:db8:1::5", mac=MAC)
    wait_reaches(guest, lan, "2001:db8:1::5")
    chosen = guest.namespace.ip("-json", "route", "get", "2001:db8:9::1")
    assert f'"gateway":"{ROUTER}"' in chosen and "redirect" not in chosen, chosen


@pytest.mark.parametrize("address, gateway", [
    ("203.0.113.5/32", "192.0.2.1"), ("203.0.113.4/31", "192.0.2.1"),
    ("2001:db8:5::5/128", "2001:db8:1::1"), ("2001:db8:5::4/127", "2001:db8:1::1"),
])
def test_a_gateway_outside_the_prefix_of_one_host(lan, start, address, gateway):
    """It is on the link, though no route leads to it, and comes back with the link."""
    guest = start(ip=f"eth0:{address},{gateway}")
    guest.wait_address(address, "static")
    own = address.partition("/")[0]
    lan.ip("route", "add", own, "dev", "br0")
    lan.ip("address", "add", "198.51.100.1/32" if "." in own else "2001:db8:9::1/128", "dev", "lo")

    def check():
        guest.wait(lambda: f"{gateway} static 2" in guest.nic().list("gateway"), "the gateway")
        wait_reaches(guest, guest.namespace, "198.51.100.1" if "." in own else "2001:db8:9::1")
    check()
    guest.namespace.ip("link", "set", "eth0", "down")
    guest.namespace.ip("link", "set", "eth0", "up")
    check()
    assert guest.problems() == []
    guest.change_settings(ip="dhcp")
    guest.kill_link()
    guest.start_link()
    guest.wait(lambda: not [line for line in guest.nic().list("gateway") if "static" in line], "no gateway of the setting")


@pytest.mark.parametrize("bits", range(1, 9))
def test_a_gateway_in_the_widest_networks(lan, start, bits):
    lan.ip("address", "add", "10.40.30.20/8", "dev", "br0")
    lan.ip("address", "add", "198.51.100.1/32", "dev", "lo")
    guest = start(ip=f"eth0:10.20.30.40/{bits},10.40.30.20")
    guest.wait(lambda: "10.40.30.20 static 2" in guest.nic().list("gateway"), "the gateway")
    wait_reaches(guest, guest.namespace, "198.51.100.1")
    assert guest.problems() == []


def test_several_addresses(lan, start):
    """All answer; packets go out from the first, also after the link was down."""
    wanted = ["192.0.2.7", "192.0.2.5", "198.51.100.9", "2001:db8:1::7", "2001:db8:1::5"]
    guest = start(ip="eth0:192.0.2.7/24,192.0.2.1 eth0:192.0.2.5/24 eth0:198.51.100.9/25 "
                     "eth0:2001:db8:1::7/64 eth0:2001:db8:1::5/64")
    lan.ip("address", "add", "198.51.100.1/25", "dev", "br0")

    def check():
        guest.wait(lambda: sorted(names(guest)) == sorted(wanted), "all addresses and no more")
        for address in wanted:
            wait_reaches(guest, lan, address)
        chosen = guest.namespace.ip("-json", "route", "get", "192.0.2.1")
        assert '"prefsrc":"192.0.2.7"' in chosen, f"expected to go out as 192.0.2.7, got {chosen}"
    check()
    lan.ip("link", "set", guest.port, "down")
    guest.wait(lambda: guest.nic()["link"] == "down", "link=down")
    lan.ip("link", "set", guest.port, "up")
    guest.wait(lambda: guest.nic()["link"] == "up", "link=up")
    check()
    guest.namespace.ip("link", "set", "eth0", "down")
    guest.namespace.ip("link", "set", "eth0", "up")
    check()
    guest.wait(lambda: "192.0.2.1 static 2" in guest.nic().list("gateway"), "the gateway is back")


def test_by_mac(keep, lan, start):
    """The NIC with that MAC gets the address, whatever it is called; the other one stays automatic."""
    guest = keep(GuestNetwork(ip="02:00:00:00:01:0B:192.0.2.5/24,192.0.2.1"))
    lan.attach(guest.namespace, "eth0", mac=MAC)
    lan.attach(guest.namespace, "eth1", mac="02:00:00:00:01:0b")
    guest.start()
    guest.wait_address("192.0.2.5/24", "static", "eth1")
    guest.wait_address("192.0.2.1", "dhcp", "eth0")
    guest.wait(lambda: [guest.nic(name)["dhcp4"] for name in ("eth0", "eth1")] == ["bound", "off"], "dhcp4=bound, off")
    assert not guest.address("192.0.2.5", "eth0")


@pytest.mark.parametrize("by", ["name", "mac"])
def test_nic_that_appears_later(keep, lan, by):
    mac = "02:00:00:00:01:0b"
    guest = keep(GuestNetwork(ip=f"{'eth1' if by == 'name' else mac}:192.0.2.5/24,192.0.2.1"))
    lan.attach(guest.namespace, "eth0", mac=MAC)
    guest.start()
    guest.wait_address("192.0.2.1", "dhcp", "eth0")
    waiting = ["eth1" if by == "name" else mac]
    guest.wait(lambda: guest.link_state().list("waiting") == waiting, f"waiting for {waiting}")
    for _ in range(2):
        guest.namespace.ip("link", "add", "eth1", "address", mac, "type", "veth", "peer", "name", "plug", "netns", lan.name)
        lan.enslave("plug")
        guest.wait_address("192.0.2.5/24", "static", "eth1")
        guest.wait(lambda: guest.link_state().list("waiting") == [], "it waits for nothing")
        wait_reaches(guest, lan, "192.0.2.5")
        guest.wait(lambda: any(line.startswith("192.0.2.1 static") for line in guest.nic("eth1").list("gateway")),
                   "the gateway")
        guest.wait(lambda: guest.nic("eth1")["dhcp4"] == "off", "dhcp4=off")
        guest.namespace.ip("link", "delete", "eth1")
        guest.wait(lambda: guest.link_state().list("waiting") == waiting, f"waiting for {waiting} again")
    assert guest.problems() == []


def test_none(keep, lan, start):
    """Not even a link-local address, and nothing is sent."""
    guest = keep(GuestNetwork(ip="eth1:none"))
    lan.attach(guest.namespace, "eth1", mac="02:00:00:00:01:0b")
    lan.attach(guest.namespace, "eth0", mac=MAC)
    guest.start()
    guest.wait_address("192.0.2.1", "dhcp", "eth0")
    guest.wait_address(SLAAC, "slaac", "eth0")
    guest.wait(lambda: [guest.nic("eth1")[key] for key in ("dhcp4", "dhcp6", "ra")] == ["off"] * 3, "all off")
    guest.wait(lambda: guest.namespace.addresses("eth1") == [] and guest.addresses("eth1") == [], "no address at all")
    assert "02:00:00:00:01:0b" not in lan.dnsmasq.log_text()


def test_duplicate_address(keep, lan, start):
    """IPv6 finds out that another machine has it, says so, and takes it when the other is gone."""
    other = keep(Namespace("other"))
    lan.attach(other)
    other.ip("address", "add", "2001:db8:1::5/64", "dev", "eth0", "nodad")
    guest = start(ip="eth0:2001:db8:1::5/64 eth0:192.0.2.5/24")
    told = ["eth0: address 2001:db8:1::5: another machine has it"]
    guest.wait(lambda: guest.problems() == told, "the duplicate address is told")
    guest.wait(lambda: guest.address("2001:db8:1::5")[3:] == ["tentative,dadfailed"], "its flags")
    guest.wait_address("192.0.2.5/24", "static")
    other.ip("address", "delete", "2001:db8:1::5/64", "dev", "eth0")
    guest.wait(lambda: guest.problems() == [], "nothing is wrong any more", RETRY_S)
    guest.wait_address("2001:db8:1::5/64", "static")
    assert guest.link_log.read_text().count(told[0]) == 1, "one line in the log, however often it is tried"


def test_refused_by_the_kernel(lan, start):
    """The kernel's reason is told, the rest works, and it is tried again."""
    guest = start(ip="eth0:2001:db8:1::5/64,2001:db8:1::1 eth0:192.0.2.5/24")
    guest.wait_address("2001:db8:1::5/64", "static")
    guest.namespace.sysctl("net.ipv6.conf.eth0.disable_ipv6", 1)
    guest.wait(lambda: guest.problems() == ["eth0: address 2001:db8:1::5 refused: Permission denied"], "the reason")
    wait_reaches(guest, lan, "192.0.2.5")
    guest.namespace.sysctl("net.ipv6.conf.eth0.disable_ipv6", 0)
    guest.wait(lambda: guest.problems() == [], "nothing is wrong any more", RETRY_S)
    guest.wait_address("2001:db8:1::5/64", "static")
    guest.wait(lambda: "2001:db8:1::1 static 2" in guest.nic().list("gateway"), "the gateway")


def test_named_twice(lan, start):
    """By name and by MAC: both hold, and that is told."""
    guest = start(ip=f"eth0:192.0.2.5/24 {MAC}:2001:db8:1::5/64")
    guest.wait_address("192.0.2.5/24", "static")
    guest.wait_address("2001:db8:1::5/64", "static")
    guest.wait(lambda: guest.problems() == ["eth0: set by name and by MAC, both hold"], "it is told")
    assert sorted(names(guest)) == ["192.0.2.5", "2001:db8:1::5"]


def test_name_servers_of_the_setting(lan, start):
    guest = start(dns="203.0.113.53,2001:db8:9::53")
    guest.wait_address("192.0.2.1", "dhcp")
    guest.wait(lambda: guest.nic()["ra"] == "received", "a router is heard")
    guest.wait(lambda: guest.servers() == [["203.0.113.53", "static", "-", "forever"],
                                           ["2001:db8:9::53", "static", "-", "forever"]], "the setting's servers alone")
    assert guest.resolv_conf().splitlines()[:2] == ["nameserver 203.0.113.53", "nameserver 2001:db8:9::53"]
    assert "192.0.2.53" not in guest.resolv_conf() and "2001:db8:1::53" not in guest.resolv_conf()


def test_programs_die(lan, start, tmp_path):
    """Neither dhcpcd's end nor link's takes an address away, and their next lives change nothing."""
    guest = start(ip="eth0:192.0.2.5/24,192.0.2.1 eth0:2001:db8:1::5/64")
    guest.wait_address("192.0.2.5/24", "static")
    guest.wait_address("2001:db8:1::5/64", "static")
    guest.wait_address("fe80::", "link-local")
    before, told = guest.addresses(), len(guest.dhcpcd_log.read_text())
    monitor = Monitor(guest.namespace, tmp_path / "monitor")
    guest.kill_dhcpcd()
    guest.link.send_signal(signal.SIGKILL)
    guest.link.wait()
    guest.namespace.children.remove(guest.link)
    guest.start_link()
    guest.start_dhcpcd()
    guest.wait(lambda: "soliciting an IPv6 router" in guest.dhcpcd_log.read_text()[told:], "dhcpcd is at work again")
    changes = monitor.lines()
    assert not [line for line in changes if "192.0.2.5" in line or "2001:db8:1::5" in line], changes
    assert guest.addresses() == before


def test_lost_messages(keep):
    """More changes than the kernel keeps for link (ENOBUFS): in the end all is as it is set."""
    guest = keep(GuestNetwork(ip="eth0:192.0.2.7/24 eth1:192.0.2.8/24"))
    peer = keep(Namespace("peer"))
    connect_veth(guest.namespace, "eth0", peer, "eth0")
    guest.start_link()  # without net, whose records would ring as well
    wait_until(lambda: names(guest) == ["192.0.2.7"], 10, "the address")
    batch = guest.folder / "batch"
    batch.write_text("".join(f"address {verb} 203.0.113.{n % 250 + 1}/24 dev eth0\n" for n in range(1500)
                             for verb in ("add", "del")) + "address delete 192.0.2.7/24 dev eth0\n")
    guest.link.send_signal(signal.SIGSTOP)
    guest.namespace.ip("-batch", batch)
    connect_veth(guest.namespace, "eth1", peer, "eth1")
    assert guest.drops(guest.link) > 0, "no message was lost: the test shows nothing"
    guest.link.send_signal(signal.SIGCONT)
    wait_until(lambda: names(guest) == ["192.0.2.7"], 10, "the address that was taken away")
    wait_until(lambda: names(guest, "eth1") == ["192.0.2.8"], 10, "the one of the NIC that was plugged in")


def test_link_needs_no_record(keep):
    """Where net is dead, a NIC that is plugged in and its link, down and up, are seen all the same."""
    guest = keep(GuestNetwork(ip="eth0:192.0.2.7/24,192.0.2.1"))
    guest.start_link()
    connect_veth(guest.namespace, "eth0", keep(Namespace("peer")), "eth0")
    for _ in range(2):
        wait_until(lambda: names(guest) == ["192.0.2.7"], 10, "the address")
        wait_until(lambda: "via 192.0.2.1 " in guest.namespace.ip("route", "show", "default"), 10, "the gateway")
        guest.namespace.ip("link", "set", "eth0", "down")
        guest.namespace.ip("link", "set", "eth0", "up")


def test_vlan_that_cannot_be_made(keep, lan, start):
    """A kernel without VLANs, as this one may be: it is told, and the rest works."""
    probe = keep(Namespace("probe"))
    connect_veth(probe, "one", probe, "other")
    made = subprocess.run(["ip", "-n", probe.name, "link", "add", "one.5", "link", "one", "type", "vlan", "id", "5"],
                          capture_output=True)
    if made.returncode == 0:
        pytest.skip("this kernel has VLANs")
    guest = start(ip="eth0.5:192.0.2.5/24 eth0.5:2001:db8:1::5/64 eth1.7:dhcp")
    guest.wait_address("192.0.2.1", "dhcp")
    guest.wait(lambda: guest.problems() == ["eth0.5: VLAN refused: Operation not supported"], "it is told, once")
    assert guest.link_state().list("waiting") == ["eth1.7"]
