"""DHCPv4 servers as they are met: behind a relay agent, late, several, forgetful, and hostile."""

from dhcp4 import ACK, DISCOVER, DNS, NAK, OFFER, REQUEST, SERVER_ID, ScriptedDhcp, grant, ip, option, reply
from dhcpcd import GuestNetwork, MAC
from netns import Lan, Namespace
from servers import DhcpRelay, Dnsmasq, Kea4


LEAST_LEASE_S = 20  # dhcpcd takes a shorter lease for one of this length


def end_of(guest, address):
    words = guest.address(address)
    return int(words[2]) if words else 0


def wait_renewed(guest, address, first_end_ms):
    guest.wait(lambda: end_of(guest, address) >= first_end_ms + 1800 and guest.nic()["dhcp4"] == "renew",
               f"{address} lives on, by a renewal")


def test_behind_a_relay_agent(keep, tmp_path):
    """The server is in another network: the first lease comes through the agent, the renewal goes past it."""
    clients, servers = keep(Lan()), keep(Lan("198.51.100.1/24"))
    router = keep(Namespace("router"))
    router.sysctl("net.ipv4.ip_forward", 1)
    for lan, ifname, address in ((clients, "eth0", "192.0.2.254"), (servers, "eth1", "198.51.100.254")):
        lan.attach(router, ifname)
        router.ip("address", "add", f"{address}/24", "dev", ifname)
    servers.ip("route", "add", "192.0.2.0/24", "via", "198.51.100.254")
    keep(Kea4(servers, tmp_path, "192.0.2.0/24", "192.0.2.10 - 192.0.2.20", lifetime_s=LEAST_LEASE_S,
              options={"routers": "192.0.2.254"}, **{"renew-timer": 2, "rebind-timer": 15}).start())
    agent = keep(DhcpRelay(router, tmp_path, "192.0.2.254", "198.51.100.1").start())
    guest = keep(GuestNetwork())
    clients.attach(guest.namespace, mac=MAC)
    guest.start()
    first = int(guest.wait_address("192.0.2.1", "dhcp")[2])
    guest.wait(lambda: guest.nic().get("dhcp4_server") == "198.51.100.1", "the server, not the agent")
    agent.stop()
    wait_renewed(guest, "192.0.2.1", first)


def test_server_that_is_always_late(keep, lan, guest):
    """Each answer comes only when the question has been asked again."""
    waiting = []

    def answer(request):
        waiting.append(request)
        return grant("192.0.2.77")(waiting.pop(0)) if len(waiting) > 1 else []
    server = keep(ScriptedDhcp(lan, answer))
    guest.start()
    guest.wait_address("192.0.2.77/24", "dhcp", deadline_s=40)
    assert server.count(DISCOVER) >= 2 and server.count(REQUEST) >= 2


def use_address(keep, lan, address):
    """Another host, which has ADDRESS."""
    other = keep(Namespace("other"))
    lan.attach(other)
    other.ip("address", "add", f"{address}/24", "dev", "eth0")


def test_server_that_asks_whether_an_address_is_in_use(keep, tmp_path, lan, guest):
    """dnsmasq would give this MAC 192.0.2.100, asks, and gives the other one."""
    use_address(keep, lan, "192.0.2.100")
    server = Dnsmasq(lan, tmp_path, "dhcp-range=192.0.2.100,192.0.2.101,1h")
    server.pings = True
    keep(server.start())
    guest.start()
    guest.wait_address("192.0.2.101/24", "dhcp")


def test_address_in_use_is_taken_all_the_same(keep, lan, guest):
    """Of an address that no server has probed the record shows nothing special (docs/decisions.md, decision 43)."""
    use_address(keep, lan, "192.0.2.77")
    keep(ScriptedDhcp(lan, grant("192.0.2.77")))
    guest.start()
    assert len(guest.wait_address("192.0.2.77/24", "dhcp")) == 3


def test_two_servers_and_one_dies(keep, tmp_path, lan, guest):
    """Nothing is mixed of two answers. When the one that gave the lease is silent, everybody is asked, and the other
    one's answer counts."""
    other = keep(Lan("192.0.2.2/24"))
    lan.join(other)
    first = keep(Kea4(lan, tmp_path, "192.0.2.0/24", "192.0.2.10 - 192.0.2.20", lifetime_s=LEAST_LEASE_S,
                      options={"domain-name-servers": "192.0.2.1", "domain-name": "one.example"},
                      **{"renew-timer": 2, "rebind-timer": 4}).start())
    guest.start()
    guest.wait_address("192.0.2.1", "dhcp")
    # Which of two answers first is open; here it is the one that was there.
    keep(Dnsmasq(other, tmp_path, "dhcp-range=192.0.2.10,192.0.2.40,1h",
                 "dhcp-option=option:dns-server,192.0.2.2").start())
    guest.wait(lambda: guest.resolv_conf() == "nameserver 192.0.2.1\nsearch one.example\n",
               "the first server's answer")
    first.kill()
    guest.wait(lambda: guest.nic().get("dhcp4_server") == "192.0.2.2", "the other server's lease", 40)
    guest.wait(lambda: guest.resolv_conf() == "nameserver 192.0.2.2\n", "the other server's answer")
    guest.wait(lambda: len(guest.namespace.addresses("eth0", "inet")) == 1, "one address")


def test_lease_without_end(keep, lan, guest):
    keep(ScriptedDhcp(lan, grant("192.0.2.77", option(DNS, ip("192.0.2.53")), lease_s=0xFFFFFFFF)))
    guest.start()
    assert guest.wait_address("192.0.2.77/24", "dhcp")[2] == "forever"
    guest.wait(lambda: guest.nic().get("dhcp4_expires_ms") == "forever" and "dhcp4_lease_s" not in guest.nic(), "no end")
    guest.wait(lambda: guest.servers() == [["192.0.2.53", "dhcp4", "eth0", "forever"]], "its DNS server")


def test_server_that_has_forgotten(keep, tmp_path, lan, guest):
    """Started again without its lease file it renews what it does not know, and no second address comes."""
    server = keep(Kea4(lan, tmp_path, "192.0.2.0/24", "192.0.2.10 - 192.0.2.20", lifetime_s=LEAST_LEASE_S,
                       **{"renew-timer": 5, "rebind-timer": 15}).start())
    guest.start()
    address, _, first, *_ = guest.wait_address("192.0.2.1", "dhcp")
    server.kill()
    server.forget_leases()
    server.start()
    wait_renewed(guest, address, int(first))
    assert guest.namespace.addresses("eth0", "inet") == [address.partition("/")[0]]


def test_offers_of_fifty_servers(keep, lan, guest):
    """One is taken, whole."""
    def answer(request):
        if request.kind == DISCOVER:
            return [reply(request, OFFER, f"192.0.2.{n}", server=f"198.51.100.{n}") for n in range(100, 150)]
        last = request.options.get(SERVER_ID, b"\0")[-1]
        return [reply(request, ACK, f"192.0.2.{last}", server=f"198.51.100.{last}")] if request.kind == REQUEST else []
    keep(ScriptedDhcp(lan, answer))
    guest.start()
    address = guest.wait_address("192.0.2.1", "dhcp")[0].partition("/")[0]
    guest.wait(lambda: guest.nic().get("dhcp4_server") == address.replace("192.0.2", "198.51.100"), "its server")
    guest.wait_calm()
    assert guest.namespace.addresses("eth0", "inet") == [address]


def test_storm_of_refusals(keep, lan, guest):
    """Twenty NAKs for each question: it asks ever more slowly, and takes the address once it is given."""
    def refuse(request):
        return [reply(request, NAK, "0.0.0.0")] * 20 if request.kind == REQUEST else grant("192.0.2.77")(request)
    answers = [refuse, grant("192.0.2.77")]
    server = keep(ScriptedDhcp(lan, lambda request: answers[0](request)))
    guest.start()
    guest.wait(lambda: server.count(REQUEST) >= 2, "the second question", 30)
    guest.wait(lambda: guest.nic()["dhcp4"] in ("nak", "discover"), "the screen's word for it")
    guest.wait_calm()
    assert server.count(REQUEST) <= 10, "it asks without a pause"
    answers.pop(0)
    guest.wait_address("192.0.2.77/24", "dhcp", deadline_s=40)


def test_refusals_that_nobody_asked_for(keep, lan, guest):
    """While the lease holds, a NAK for another question changes nothing, nor do a thousand."""
    server = keep(ScriptedDhcp(lan, grant("192.0.2.77")))
    guest.start()
    guest.wait_address("192.0.2.77/24", "dhcp")
    pid = guest.dhcpcd_processes()["manager"]
    request = server.asked[-1]
    for number in range(1000):
        message = reply(request._replace(xid=request.xid ^ (number + 1)), NAK, "0.0.0.0")
        server.socket.sendto(message, ("255.255.255.255", 68))
    guest.wait_calm()
    assert guest.address("192.0.2.77") and guest.dhcpcd_processes()["manager"] == pid
    assert server.count(DISCOVER) == 1, "it began anew"
