"""net follows NICs: several at once, plugged in late, taken away, renamed, their links down and up."""

import pytest
from console import boot_ms
from dhcpcd import GuestNetwork
from netns import Lan
from servers import Dnsmasq


@pytest.fixture
def lans(keep, tmp_path):
    """Two networks, each with its server."""
    made = []
    for net in ("192.0.2", "198.51.100"):
        lan = keep(Lan(f"{net}.1/24"))
        keep(Dnsmasq(lan, tmp_path, f"dhcp-range={net}.100,{net}.150,1h", f"dhcp-option=option:dns-server,{net}.53",
                     name=f"dnsmasq-{net}").start())
        made.append(lan)
    return made


@pytest.fixture
def guest(keep):
    return keep(GuestNetwork())


@pytest.fixture
def two_nics(lans, guest):
    """The guest, with an address of each network."""
    for number, lan in enumerate(lans):
        lan.attach(guest.namespace, f"eth{number}")
    guest.start()
    guest.wait_address("192.0.2.", "dhcp", "eth0")
    guest.wait_address("198.51.100.", "dhcp", "eth1")
    guest.wait(lambda: len(guest.servers()) == 2, "two DNS servers")
    return guest


def records(guest):
    return {path.name for path in (guest.run_dir / "net").iterdir()} - {"resolver", "resolv.conf"}


def test_two_nics(two_nics):
    guest = two_nics
    assert [words[:3] for words in guest.servers()] == [["192.0.2.53", "dhcp4", "eth0"],
                                                        ["198.51.100.53", "dhcp4", "eth1"]]
    assert records(guest) == {"eth0", "eth1"}

    def metric(ifname):
        return int(guest.nic(ifname)["gateway.1"].split()[2])
    guest.wait(lambda: metric("eth0") < metric("eth1"), "the first NIC's gateway comes first")


def test_no_nic_then_one(lans, guest):
    guest.start()
    assert records(guest) == set()
    lans[0].attach(guest.namespace)
    guest.wait_address("192.0.2.", "dhcp")


def test_nic_taken_away(lans, two_nics):
    guest = two_nics
    guest.namespace.ip("link", "delete", "eth0")
    guest.wait(lambda: records(guest) == {"eth1"}, "the record is gone")
    guest.wait(lambda: guest.resolv_conf() == "nameserver 198.51.100.53\n", "its DNS server is gone")
    lans[0].attach(guest.namespace, "eth0")
    guest.wait_address("192.0.2.", "dhcp", "eth0")
    guest.wait(lambda: len(guest.servers()) == 2, "two DNS servers again")


def test_nic_taken_away_between_two_lives(two_nics):
    """Its record goes with net's next life, and nothing else does."""
    guest = two_nics
    guest.net.kill()
    guest.net.wait()
    guest.namespace.children.remove(guest.net)
    guest.namespace.ip("link", "delete", "eth0")
    assert records(guest) == {"eth0", "eth1"}
    guest.start_net()
    guest.wait(lambda: records(guest) == {"eth1"}, "the records of the NICs that there are")
    guest.wait_address("198.51.100.", "dhcp", "eth1")
    assert guest.resolver_exists()


def test_link_down_and_up(lans, guest):
    port = lans[0].attach(guest.namespace)
    guest.start()
    address = guest.wait_address("192.0.2.", "dhcp")[0]
    guest.wait(lambda: guest.servers(), "a DNS server")
    lans[0].ip("link", "set", port, "down")
    guest.wait(lambda: guest.nic()["link"] == "down" and not guest.servers(), "link=down, DNS not used")
    guest.wait(lambda: not guest.address("192.0.2.") and guest.nic()["dhcp4"] == "none", "no address")
    lans[0].ip("link", "set", port, "up")
    assert guest.wait_address("192.0.2.", "dhcp")[0] == address, "another address after the link was down"
    guest.wait(lambda: guest.nic()["link"] == "up" and guest.servers(), "link=up, DNS used")


def test_since_when_there_is_no_address(lans, guest):
    """From the carrier on until there is an address; nothing while the link is down."""
    def since():
        return guest.nic().number("no_address_since_ms")
    port = lans[0].attach(guest.namespace)
    guest.namespace.ip("link", "set", "eth0", "down")
    before = boot_ms()
    guest.start_net()
    assert since() is None and guest.nic()["link"] == "down"
    guest.namespace.ip("link", "set", "eth0", "up")
    guest.wait(lambda: since() is not None, "no_address_since_ms")
    first = since()
    assert before <= first <= boot_ms()
    guest.wait(lambda: guest.address("fe80:") and "tentative" not in guest.address("fe80:"), "a link-local address that is found to be free")
    assert since() == first, "it began anew"
    guest.namespace.ip("address", "add", "2001:db8::7/64", "dev", "eth0")
    guest.wait(lambda: guest.address("2001:db8::7"), "an address that may be another's yet")
    guest.wait(lambda: since() is None, "no no_address_since_ms")
    guest.namespace.ip("address", "del", "2001:db8::7/64", "dev", "eth0")
    guest.wait(lambda: (since() or 0) > first, "a later no_address_since_ms")
    lans[0].ip("link", "set", port, "down")
    guest.wait(lambda: guest.nic()["link"] == "down" and since() is None, "no no_address_since_ms")


def test_link_down_while_dhcpcd_is_dead(lans, guest):
    port = lans[0].attach(guest.namespace)
    guest.start()
    guest.wait_address("192.0.2.", "dhcp")
    guest.wait(lambda: guest.servers(), "a DNS server")
    guest.kill_dhcpcd()
    lans[0].ip("link", "set", port, "down")
    guest.wait(lambda: guest.nic()["link"] == "down" and not guest.servers(), "link=down, DNS not used")
    lans[0].ip("link", "set", port, "up")
    guest.wait(lambda: guest.nic()["link"] == "up" and guest.servers(), "link=up, DNS used for its time")


def test_renamed(lans, guest):
    lans[0].attach(guest.namespace, "eth7")
    guest.start_net()
    guest.wait(lambda: records(guest) == {"eth7"}, "eth7")
    guest.namespace.ip("link", "set", "eth7", "down")
    guest.namespace.ip("link", "set", "eth7", "name", "lan0")
    guest.wait(lambda: records(guest) == {"lan0"} and guest.nic("lan0")["ifname"] == "lan0", "only lan0")


def test_moved_to_another_network(lans, guest):
    """The cable goes from one network to the other: the old lease is not kept."""
    port = lans[0].attach(guest.namespace)
    guest.start()
    guest.wait_address("192.0.2.", "dhcp")
    lans[0].ip("link", "set", port, "down")
    guest.wait(lambda: guest.nic()["link"] == "down", "link=down")
    lans[0].ip("link", "set", port, "nomaster")
    lans[0].ip("link", "set", port, "netns", lans[1].name)
    lans[1].ip("link", "set", port, "master", "br0", "up")
    guest.wait_address("198.51.100.", "dhcp")
    guest.wait(lambda: guest.resolv_conf() == "nameserver 198.51.100.53\n", "only the new DNS server")
    assert not guest.address("192.0.2.")
