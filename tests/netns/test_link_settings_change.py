"""What link set and the settings name no more goes with its next life, however the last one ended; what others set and
what is still named stays."""

import json

import pytest
from dhcpcd import GuestNetwork, MAC
from netns import Monitor, Namespace, connect_veth, wait_until
from servers import Dnsmasq, Radvd, interval, prefix


MARK = 116  # LINK_MARK of src/link/request.h
DEADLINE_S = 20
BOTH = "eth0:192.0.2.5/24,192.0.2.1 eth0:2001:db8:1::5/64,2001:db8:1::1"


@pytest.fixture
def start(keep):
    """start(ip): link alone, beside a NIC that somebody else brings up. It has no server."""
    def start_link(ip):
        guest = keep(GuestNetwork(ip=ip))
        connect_veth(guest.namespace, "eth0", keep(Namespace("peer")), "eth0")
        guest.namespace.ip("link", "set", "eth0", "address", MAC)
        guest.start_link()
        return guest
    return start_link


def addresses(guest, ifname="eth0"):
    """{ADDRESS/PREFIX}, but for link-local ones, as `ip` tells them."""
    info = guest.namespace.links()[ifname]["addr_info"]
    return {f"{a['local']}/{a['prefixlen']}" for a in info if "local" in a and a["scope"] != "link"}


def gateways(guest):
    """{GATEWAY} of default routes, IPv4's and IPv6's."""
    return {route["gateway"] for family in "46"
            for route in json.loads(guest.namespace.ip(f"-{family}", "-json", "route", "show", "default"))}


def wait_set(guest, wanted, wanted_gateways=()):
    def seen():
        return f"{addresses(guest)} {gateways(guest)}\n{guest.logs()}"
    wait_until(lambda: addresses(guest) == set(wanted) and gateways(guest) == set(wanted_gateways), DEADLINE_S,
               f"addresses {wanted}, gateways {wanted_gateways}", seen)
    assert guest.problems() == []


def renew(guest, ip, kill=True):
    """Link's next life, with IP."""
    if kill:
        guest.kill_link()
    guest.change_settings(ip=ip)
    guest.start_link()


def test_other_addresses_and_gateways(start):
    guest = start(BOTH)
    wait_set(guest, ["192.0.2.5/24", "2001:db8:1::5/64"], ["192.0.2.1", "2001:db8:1::1"])
    renew(guest, "eth0:192.0.2.6/24,192.0.2.2 eth0:2001:db8:1::6/64,2001:db8:1::2")
    wait_set(guest, ["192.0.2.6/24", "2001:db8:1::6/64"], ["192.0.2.2", "2001:db8:1::2"])
    renew(guest, "eth0:192.0.2.6/24 eth0:2001:db8:1::6/64")
    wait_set(guest, ["192.0.2.6/24", "2001:db8:1::6/64"])
    renew(guest, "dhcp")
    wait_set(guest, [])
    log = guest.link_log.read_text()
    for told in ("address 192.0.2.5", "gateway 192.0.2.1", "address 2001:db8:1::5", "gateway 2001:db8:1::1"):
        assert f"eth0: {told} is not set any more: taken away" in log, log


def test_only_the_gateway_is_another(start):
    """The kernel would take neither beside the old one: they have the same metric."""
    guest = start(BOTH)
    wait_set(guest, ["192.0.2.5/24", "2001:db8:1::5/64"], ["192.0.2.1", "2001:db8:1::1"])
    renew(guest, "eth0:192.0.2.5/24,192.0.2.9 eth0:2001:db8:1::5/64,fe80::9")
    wait_set(guest, ["192.0.2.5/24", "2001:db8:1::5/64"], ["192.0.2.9", "fe80::9"])


def test_only_the_prefix_is_another(start):
    guest = start("eth0:192.0.2.5/24 eth0:2001:db8:1::5/64")
    wait_set(guest, ["192.0.2.5/24", "2001:db8:1::5/64"])
    renew(guest, "eth0:192.0.2.5/25 eth0:2001:db8:1::5/65")
    wait_set(guest, ["192.0.2.5/25", "2001:db8:1::5/65"])


def test_what_others_set_stays(start):
    guest = start(BOTH)
    wait_set(guest, ["192.0.2.5/24", "2001:db8:1::5/64"], ["192.0.2.1", "2001:db8:1::1"])
    guest.namespace.ip("address", "add", "192.0.2.7/24", "dev", "eth0")
    guest.namespace.ip("address", "add", "198.51.100.7/24", "dev", "eth0")
    guest.namespace.ip("address", "add", "2001:db8:1::7/64", "dev", "eth0", "nodad")
    guest.namespace.ip("route", "add", "default", "via", "198.51.100.1", "proto", "static", "metric", "9")
    guest.namespace.ip("-6", "route", "add", "default", "via", "2001:db8:1::77", "proto", "static", "metric", "9")
    guest.namespace.ip("route", "add", "203.0.113.0/24", "via", "198.51.100.1", "proto", MARK)
    renew(guest, "dhcp")
    wait_set(guest, ["192.0.2.7/24", "198.51.100.7/24", "2001:db8:1::7/64"], ["198.51.100.1", "2001:db8:1::77"])
    assert "203.0.113.0/24" in guest.namespace.ip("route"), "link sets default routes only"


def test_what_is_still_named_is_not_touched(start, tmp_path):
    """The first address of its network goes: the others, which the kernel would take with it, stay all the time."""
    guest = start("eth0:192.0.2.5/24 eth0:192.0.2.6/24,192.0.2.1 eth0:2001:db8:1::5/64 eth0:2001:db8:1::6/64")
    wait_set(guest, ["192.0.2.5/24", "192.0.2.6/24", "2001:db8:1::5/64", "2001:db8:1::6/64"], ["192.0.2.1"])
    monitor = Monitor(guest.namespace, tmp_path / "monitor")
    renew(guest, f"{MAC}:192.0.2.6/24,192.0.2.1 {MAC}:2001:db8:1::6/64")
    wait_set(guest, ["192.0.2.6/24", "2001:db8:1::6/64"], ["192.0.2.1"])
    deleted = [line for line in monitor.lines() if line.startswith("Deleted") and "eth0" in line]
    assert len(deleted) == 2 and all("::5/64" in line or "192.0.2.5/24" in line for line in deleted), deleted


def test_killed_at_any_time(start):
    """Lives of link that are killed as soon as they have changed anything, each with other settings, before they could
    write down what they did: the last one leaves its own and nothing else."""
    guest = start("eth0:192.0.2.5/24")
    wait_set(guest, ["192.0.2.5/24"])
    for number in range(10, 22):
        guest.kill_link()
        (guest.run_dir / "link/state").unlink(missing_ok=True)
        guest.change_settings(ip=" ".join(f"eth0:192.0.2.{number + i * 16}/24" for i in range(8)) +
                              f" eth0:2001:db8:1::{number}/64,2001:db8:1::1")
        before = addresses(guest)
        guest.start_link(wait=False)
        wait_until(lambda: addresses(guest) != before, DEADLINE_S, "a change", guest.logs)
    renew(guest, "eth0:192.0.2.6/24,192.0.2.2 eth0:2001:db8:1::6/64")
    wait_set(guest, ["192.0.2.6/24", "2001:db8:1::6/64"], ["192.0.2.2"])


def test_settings_that_cannot_be_read_take_nothing_away(start):
    guest = start(BOTH)
    wait_set(guest, ["192.0.2.5/24", "2001:db8:1::5/64"], ["192.0.2.1", "2001:db8:1::1"])
    guest.kill_link()
    (guest.run_dir / "init/config").write_text("ip")
    guest.start_link()
    wait_set(guest, ["192.0.2.5/24", "2001:db8:1::5/64"], ["192.0.2.1", "2001:db8:1::1"])


def test_vlan(start):
    """By its mark; stand-ins of another kind, for the kernel may have no VLANs."""
    guest = start("eth0.5:192.0.2.5/24 eth0.7:dhcp")
    for name in ("eth0.5", "eth0.6", "eth0.7"):
        guest.namespace.ip("link", "add", name, "type", "veth", "peer", "name", f"{name}-end")
        guest.namespace.ip("link", "set", name, "up")
        if name != "eth0.6":
            guest.namespace.ip("link", "set", name, "group", MARK)
    wait_until(lambda: addresses(guest, "eth0.5") == {"192.0.2.5/24"}, DEADLINE_S, "its address", guest.logs)
    renew(guest, "eth0:192.0.2.5/24 eth0.7:none")
    wait_until(lambda: addresses(guest) == {"192.0.2.5/24"}, DEADLINE_S, "the address on another NIC", guest.logs)
    links = set(guest.namespace.links())
    assert "eth0.5" not in links and {"eth0.6", "eth0.7"} <= links, links


def test_none(start):
    """IPv6 is switched on again, unless somebody else switched it off."""
    def off(ifname):
        return int(guest.namespace.run("cat", f"/proc/sys/net/ipv6/conf/{ifname}/disable_ipv6")) != 0
    guest = start("eth0:none eth1:none")
    wait_until(lambda: off("eth0"), DEADLINE_S, "IPv6 off", guest.logs)
    renew(guest, "eth0:2001:db8:1::5/64")
    wait_set(guest, ["2001:db8:1::5/64"])
    guest.namespace.sysctl("net.ipv6.conf.eth0.disable_ipv6", 1)
    renew(guest, "dhcp")
    assert off("eth0")


@pytest.fixture
def lan(keep, lan, tmp_path):
    keep(Dnsmasq(lan, tmp_path, "dhcp-range=192.0.2.100,192.0.2.150,1h").start())
    keep(Radvd(lan, tmp_path, interval(3, 4), prefix("2001:db8:1::/64")).start())
    return lan


# Of a NIC that was `none`, link switches IPv6 on again first: dhcpcd, which ends slower, does not try a second time.
@pytest.mark.parametrize("ip, first", [(BOTH, "link"), (BOTH, "dhcpcd"), ("eth0:none", "link")])
def test_automatic_again(keep, lan, ip, first):
    """In whichever order the two start anew, the NIC has what DHCP and routers give and nothing else."""
    guest = keep(GuestNetwork(ip=ip))
    lan.attach(guest.namespace, mac=MAC)
    guest.start()
    wanted = {"192.0.2.5/24", "2001:db8:1::5/64"} if ip == BOTH else set()
    guest.wait(lambda: guest.nic()["dhcp4"] == "off" and addresses(guest) == wanted, f"addresses {wanted}")
    guest.wait(lambda: "manager" in guest.dhcpcd_processes(), "dhcpcd")
    guest.kill_dhcpcd()
    guest.kill_link()
    guest.change_settings(ip="dhcp")
    if first == "link":
        guest.start_link()
        guest.start_dhcpcd()
    else:
        told = len(guest.dhcpcd_log.read_text())
        guest.start_dhcpcd()
        guest.wait(lambda: "soliciting" in guest.dhcpcd_log.read_text()[told:], "dhcpcd is at work")
        guest.start_link()
    guest.wait_address("192.0.2.1", "dhcp")
    guest.wait_address("2001:db8:1::ff:fe00:101/64", "slaac")
    guest.wait(lambda: not guest.address("192.0.2.5/") and not guest.address("2001:db8:1::5/"), "nothing static")
    guest.wait(lambda: all(" static " not in line for line in guest.nic().list("gateway")), "no gateway that was set")
