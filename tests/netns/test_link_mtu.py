"""NICs have the MTU that is set, else the one that DHCP gives for as long as the lease lasts, as far as they can."""

import json
import subprocess

import pytest
from dhcpcd import GuestNetwork, MAC
from netns import Lan, Monitor
from servers import Dnsmasq, Kea4, Radvd, interval, prefix


IP_ICMP_BYTES = 20 + 8


@pytest.fixture
def lan(lan):
    """Its own cables take more than any of the MTUs here."""
    lan.ip("link", "set", "anchor", "mtu", 16000)
    return lan


@pytest.fixture
def start(keep, lan):
    def start_guest(**settings):
        guest = keep(GuestNetwork(**settings))
        guest.port = lan.attach(guest.namespace, mac=MAC)
        lan.ip("link", "set", guest.port, "mtu", 16000)
        lan.ip("link", "set", "br0", "mtu", 16000)
        return guest.start()
    return start_guest


def serve(keep, lan, tmp_path, mtu, **settings):
    return keep(Kea4(lan, tmp_path, "192.0.2.0/24", "192.0.2.10 - 192.0.2.99", options=options(mtu), **settings).start())


def options(mtu):
    return {"routers": "192.0.2.1", **({"interface-mtu": str(mtu)} if mtu else {})}


def wait_mtu(guest, mtu, ifname="eth0", deadline_s=20):
    guest.wait(lambda: guest.nic(ifname).number("mtu") == mtu, f"mtu={mtu} on {ifname}", deadline_s)


def largest(namespace, address, bytes_):
    """Whether a packet of BYTES_ reaches ADDRESS in one piece, and one that is a byte larger is not sent."""
    def ping(size):
        command = namespace.command("ping", "-n", "-c1", "-W2", "-Mdo", f"-s{size - IP_ICMP_BYTES}", address)
        return subprocess.run(command, capture_output=True, text=True)
    fits, does_not = ping(bytes_), ping(bytes_ + 1)
    assert fits.returncode == 0, f"{bytes_} bytes did not come back: {fits.stdout}{fits.stderr}"
    assert does_not.returncode != 0, f"{bytes_ + 1} bytes came back: {does_not.stdout}"
    return True


def route_mtus(guest):
    """The MTUs that IPv4 routes have of their own."""
    routes = json.loads(guest.namespace.ip("-json", "route", "show", "dev", "eth0"))
    return {metric["mtu"] for route in routes for metric in route.get("metrics", []) if "mtu" in metric}


@pytest.mark.parametrize("mtu", [1400, 9000])
def test_of_the_lease(keep, lan, start, tmp_path, mtu):
    """Until the lease is over: then the NIC has what it had."""
    server = serve(keep, lan, tmp_path, mtu, lifetime_s=12)
    guest = start()
    guest.wait_address("192.0.2.", "dhcp")
    wait_mtu(guest, mtu)
    guest.wait(lambda: guest.nic()["dhcp4_mtu"] == str(mtu), "the lease's MTU")
    assert guest.problems() == []
    guest.wait(lambda: largest(guest.namespace, "192.0.2.1", mtu), f"{mtu} bytes in one piece, and no more")
    assert route_mtus(guest) == set()
    server.kill()
    guest.wait(lambda: guest.nic()["dhcp4"] == "expired", "the lease is over", 40)
    wait_mtu(guest, 1500)
    assert "dhcp4_mtu" not in guest.nic()


def test_lease_that_no_longer_says_one(keep, lan, start, tmp_path):
    server = serve(keep, lan, tmp_path, 1400, lifetime_s=12)
    guest = start()
    wait_mtu(guest, 1400)
    server.stop()
    server.set_options(options(None))
    server.start()
    wait_mtu(guest, 1500, deadline_s=40)
    guest.wait_address("192.0.2.", "dhcp")


def test_too_small_for_ipv6(keep, lan, start, tmp_path):
    """IPv6 ends on a NIC below 1280: the NIC gets that, and IPv4's routes what the lease says."""
    serve(keep, lan, tmp_path, 1000)
    keep(Radvd(lan, tmp_path, interval(3, 4), prefix("2001:db8:1::/64")).start())
    guest = start()
    wait_mtu(guest, 1280)
    guest.wait_address("2001:db8:1:", "slaac")
    guest.wait(lambda: route_mtus(guest) == {1000}, "the routes' own MTU")
    guest.wait(lambda: largest(guest.namespace, "192.0.2.1", 1000), "1000 bytes in one piece, and no more")


@pytest.mark.parametrize("mtu", [575, 68])
def test_absurd(keep, lan, start, tmp_path, mtu):
    serve(keep, lan, tmp_path, mtu)
    guest = start()
    guest.wait_address("192.0.2.", "dhcp")
    guest.wait(lambda: guest.nic().list("gateway") and guest.nic()["dhcp4"] == "bound", "a gateway")
    assert guest.nic()["mtu"] == "1500" and "dhcp4_mtu" not in guest.nic() and route_mtus(guest) == set()


def test_set(keep, lan, start, tmp_path):
    """The setting holds on each NIC, those plugged in later too, and DHCP has no say."""
    serve(keep, lan, tmp_path, 1400)
    guest = start(mtu="1350")
    guest.wait_address("192.0.2.", "dhcp")
    wait_mtu(guest, 1350)
    guest.wait(lambda: largest(guest.namespace, "192.0.2.1", 1350), "1350 bytes in one piece, and no more")
    assert route_mtus(guest) == set() and "dhcp4_mtu" not in guest.nic()
    lan.attach(guest.namespace, "eth1")
    wait_mtu(guest, 1350, "eth1")


def test_set_small_below_dhcp(keep, lan, start, tmp_path):
    """What DHCP would write into routes goes unheard as well."""
    serve(keep, lan, tmp_path, 600)
    guest = start(mtu="1350")
    guest.wait_address("192.0.2.", "dhcp")
    guest.wait(lambda: largest(guest.namespace, "192.0.2.1", 1350), "1350 bytes in one piece, and no more")


def test_link_down_for_a_moment(keep, lan, start, tmp_path):
    """Some drivers take the link down to change the MTU: going back meanwhile would never end."""
    serve(keep, lan, tmp_path, 1400)
    guest = start()
    wait_mtu(guest, 1400)
    monitor = Monitor(guest.namespace, tmp_path / "monitor")
    lan.ip("link", "set", guest.port, "down")
    guest.wait(lambda: guest.nic()["link"] == "down" and "dhcp4_mtu" not in guest.nic(), "link=down")
    lan.ip("link", "set", guest.port, "up")
    guest.wait_address("192.0.2.", "dhcp")
    guest.wait(lambda: guest.nic().get("dhcp4_mtu") == "1400", "the lease's MTU again")
    seen = [line for line in monitor.lines() if "eth0" in line and " mtu " in line]
    assert seen and all("mtu 1400" in line for line in seen), f"expected mtu 1400 all the time: {seen}"


def test_link_dies(keep, lan, start, tmp_path):
    """Its next life knows what the NIC had before."""
    server = serve(keep, lan, tmp_path, 1400, lifetime_s=20)
    guest = start()
    wait_mtu(guest, 1400)
    guest.wait(lambda: guest.link_state().get("mtu_before.2") == "1500", "what it had before")
    guest.link.kill()
    guest.link.wait()
    guest.namespace.children.remove(guest.link)
    guest.start_link()
    guest.wait(lambda: guest.link_state().get("mtu_before.2") == "1500", "what it had before")
    server.kill()
    wait_mtu(guest, 1500, deadline_s=50)


def test_vlan_takes_no_more_than_its_nic(keep, lan, start, tmp_path):
    """By its name alone: this kernel need not have VLANs."""
    serve(keep, lan, tmp_path, 1400)
    guest = start()
    wait_mtu(guest, 1400)
    other = keep(Lan("198.51.100.1/24"))
    keep(Dnsmasq(other, tmp_path, "dhcp-range=198.51.100.100,198.51.100.150,1h", "dhcp-option=option:mtu,9000").start())
    other.attach(guest.namespace, "eth0.5")
    guest.wait_address("198.51.100.", "dhcp", "eth0.5")
    wait_mtu(guest, 1400, "eth0.5")
    guest.wait(lambda: guest.problems() == ["eth0.5: MTU 9000: it takes 1400 at most"], "it is told")
