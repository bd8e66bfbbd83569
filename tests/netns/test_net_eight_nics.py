"""Eight NICs: each has its lease and its record, through lost messages, dhcpcd's death, new names, links that flap."""

import signal

import pytest
from dhcpcd import GuestNetwork
from servers import Dnsmasq


NICS = [f"eth{number}" for number in range(8)]
FLAPS = 200
CHANGES = 6000


@pytest.fixture
def lan(keep, lan, tmp_path):
    lan.server = keep(Dnsmasq(lan, tmp_path, "dhcp-range=192.0.2.100,192.0.2.150,1h", "enable-ra",
                              "dhcp-range=2001:db8:1::,ra-only", "ra-param=br0,4,600",
                              "dhcp-option=option:dns-server,192.0.2.53").start())
    return lan


@pytest.fixture
def guest(keep, lan):
    guest = keep(GuestNetwork())
    guest.ports = {name: lan.attach(guest.namespace, name, mac=mac_of(name)) for name in NICS}
    guest.start()
    wait_all_served(guest, NICS)
    return guest


def mac_of(name):
    return f"02:00:00:00:02:0{NICS.index(name)}"


def is_served(guest, name):
    address, six = guest.address("192.0.2.1", name), guest.address("2001:db8:1:", name)
    return (address and address[1] == "dhcp" and six and six[1] == "slaac" and guest.nic(name)["dhcp4"] != "discover"
            and any(words[0].startswith("fe80") for words in guest.addresses(name)))


def wait_all_served(guest, names):
    guest.wait(lambda: all(is_served(guest, name) for name in names), f"leases and SLAAC on {names}", 60)
    guest.wait(lambda: records(guest) == set(names), f"records of {names}")


def records(guest):
    return {path.name for path in (guest.run_dir / "net").iterdir()} - {"resolver", "resolv.conf"}


def in_kernel(guest, name):
    links = guest.namespace.links()
    return {f"{a['local']}/{a['prefixlen']}" for a in links[name]["addr_info"] if "local" in a}


@pytest.mark.deadline(180)
def test_lost_messages_and_another_dhcpcd(lan, guest):
    """While net cannot look: messages of the kernel are lost, dhcpcd dies and is started again, two NICs get each
    other's name, one goes. Afterwards each record is as the kernel has it, and each lease as its server has."""
    batch = guest.folder / "batch"
    batch.write_text("".join(f"address {verb} 203.0.113.{n % 250 + 1}/24 dev eth{n % 8}\n" for n in range(CHANGES // 2)
                             for verb in ("add", "del")))
    guest.net.send_signal(signal.SIGSTOP)
    guest.kill_dhcpcd()
    guest.namespace.ip("-batch", batch)
    for name in ("eth5", "eth6", "eth7"):
        guest.namespace.ip("link", "set", name, "down")
    guest.namespace.ip("link", "set", "eth5", "name", "moving")
    guest.namespace.ip("link", "set", "eth6", "name", "eth5")
    guest.namespace.ip("link", "set", "moving", "name", "eth6")
    guest.namespace.ip("link", "delete", "eth7")
    for name in ("eth5", "eth6"):
        guest.namespace.ip("link", "set", name, "up")
    guest.start_dhcpcd()
    assert guest.drops(guest.net) > 0, "no message was lost: the test shows nothing"
    guest.net.send_signal(signal.SIGCONT)
    wait_all_served(guest, NICS[:7])
    for name in NICS[:7]:
        guest.wait(lambda name=name: {words[0] for words in guest.addresses(name)} == in_kernel(guest, name),
                   f"{name}: the record is as the kernel has it")
        mac = mac_of({"eth5": "eth6", "eth6": "eth5"}.get(name, name))
        guest.wait(lambda name=name, mac=mac: guest.nic(name)["mac"] == mac and
                   guest.address("192.0.2.1", name)[0] == f"{lan.server.lease_of(mac).address}/24", f"{name}: its MAC's lease")
    guest.wait_calm()


@pytest.mark.deadline(180)
def test_links_that_flap(lan, guest):
    """Eight links go down and up, 200 times in all and as fast as they can; in the end all is as before."""
    before = {name: guest.address("192.0.2.1", name)[0] for name in NICS}
    memory = sum(guest.memory_kb().values())
    pid = guest.dhcpcd_processes()["manager"]
    batch = guest.folder / "batch"
    ports = [guest.ports[NICS[number % 8]] for number in range(FLAPS)]
    batch.write_text("".join(f"link set {port} {state}\n" for port in ports for state in ("down", "up")))
    lan.ip("-batch", batch)
    wait_all_served(guest, NICS)
    assert {name: guest.address("192.0.2.1", name)[0] for name in NICS} == before
    for name in NICS:
        guest.wait(lambda name=name: guest.nic(name)["link"] == "up" and len(guest.nic(name).list("gateway")) == 2,
                   f"{name}: link=up, two gateways")
    guest.wait(lambda: [words[0] for words in guest.servers()][0] == "192.0.2.53", "the DNS server")
    guest.wait_calm(60)
    assert guest.dhcpcd_processes()["manager"] == pid, "dhcpcd was started anew"
    grown = sum(guest.memory_kb().values()) - memory
    assert grown <= 1024, f"{grown} kB more after {FLAPS} flaps"
