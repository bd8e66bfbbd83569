"""Router advertisements in all that they may say (RFC 4861, 4862, 4191): prefixes, routers, MTU, and the ways in
which they end. Most are made by hand, so that each says one thing."""

import ndp
import pytest
from ndp import AUTONOMOUS, HIGH, LOW, ON_LINK, Router, advertisement
from netns import Lan
from servers import Kea6, Radvd, interval, prefix, rdnss


ONE, TWO = "fe80::a:1", "fe80::a:2"
SLAAC = "::ff:fe00:101"  # of the MAC below (RFC 4291 appendix A)
NET = ndp.prefix("2001:db8:1::/64")


@pytest.fixture
def guest(guest):
    guest.start()
    guest.wait_address("fe80::", "link-local")
    return guest


@pytest.fixture
def router(keep, lan):
    return keep(Router(lan, ONE))


def send_until(guest, router, message, condition, what, **options):
    """Sends MESSAGE, again and again, until CONDITION holds: dhcpcd may not listen yet."""
    def look():
        router.send(message)
        return condition()
    return guest.wait(look, what, **options)


def has(guest, prefix_text):
    address = guest.address(f"{prefix_text}{SLAAC}/64")
    return address and address[1] == "slaac" and len(address) == 3


def default_routes(guest):
    return [line.split()[2] for line in guest.routes(6) if line.startswith("default via")]


def test_addresses_are_made_of_64_bits_only(guest, router):
    """RFC 4862 5.5.3 (d): a prefix of another length makes no address. On the link it is all the same."""
    odd = [f"2001:db8:{length}::/{length}" for length in (48, 63, 65, 80, 127)]
    message = advertisement(*map(ndp.prefix, odd), NET)
    send_until(guest, router, message, lambda: has(guest, "2001:db8:1"), "the /64's address")
    guest.wait(lambda: all(f"{prefix} dev eth0" in "\n".join(guest.routes(6)) for prefix in odd), f"routes to {odd}")
    made = [words[0] for words in guest.addresses() if words[1] != "link-local"]
    assert made == [f"2001:db8:1{SLAAC}/64"], made


def test_several_prefixes(guest, router):
    """Each by its own flags: address and link, address only, link only, none."""
    flags = {1: ON_LINK | AUTONOMOUS, 2: AUTONOMOUS, 3: ON_LINK, 4: 0}
    message = advertisement(*(ndp.prefix(f"2001:db8:{n}::/64", flags=value) for n, value in flags.items()))
    send_until(guest, router, message, lambda: has(guest, "2001:db8:1") and has(guest, "2001:db8:2"), "two addresses")
    assert not guest.address("2001:db8:3:") and not guest.address("2001:db8:4:")
    guest.wait(lambda: [n for n in flags if any(line.startswith(f"2001:db8:{n}::/64 dev eth0")
                                                for line in guest.routes(6))] == [1, 3], "two networks on the link")


def test_flag_for_addresses_comes_later(guest, router):
    """RFC 4862 5.5.3: a prefix that is on-link alone has an address once any router says so, the same or another."""
    on_link = [ndp.prefix(f"2001:db8:{n}::/64", flags=ON_LINK) for n in (1, 2)]
    send_until(guest, router, advertisement(*on_link),
               lambda: any(line.startswith("2001:db8:2::/64 dev eth0") for line in guest.routes(6)), "on the link")
    assert not guest.address("2001:db8:1:") and not guest.address("2001:db8:2:")
    send_until(guest, router, advertisement(NET, on_link[1]), lambda: has(guest, "2001:db8:1"), "the router's own flag")
    router.send(advertisement(ndp.prefix("2001:db8:2::/64")), source=TWO)
    guest.wait(lambda: has(guest, "2001:db8:2"), "the other router's flag")
    router.send(advertisement(*on_link, ndp.prefix("2001:db8:3::/64")))
    guest.wait(lambda: has(guest, "2001:db8:3"), "the last advertisement is heard")
    assert has(guest, "2001:db8:1") and has(guest, "2001:db8:2"), guest.addresses()


def test_short_lifetime_of_another_router(keep, lan, guest, router):
    """RFC 4862 5.5.3 (e): an address is valid as long as one router said, when another says less than two hours."""
    send_until(guest, router, advertisement(ndp.prefix("2001:db8:1::/64", 86400, 86400)),
               lambda: has(guest, "2001:db8:1"), "an address")
    before = int(guest.address("2001:db8:1:")[2])
    brief = advertisement(ndp.prefix("2001:db8:1::/64", 5, 5), ndp.prefix("2001:db8:2::/64", 5, 5))
    send_until(guest, keep(Router(lan, TWO)), brief, lambda: guest.address("2001:db8:2:"), "the brief one's address")
    assert int(guest.address("2001:db8:1:")[2]) > before - 60_000, guest.addresses()
    guest.wait(lambda: not guest.address("2001:db8:2:"), "the brief time is over", deadline_s=60)
    assert int(guest.address("2001:db8:1:")[2]) > before - 60_000, guest.addresses()


def test_mtu_counts_for_the_routers_routes(guest, router):
    """1280 at least, and the link's own at most. The NIC's own MTU stays."""
    def mtu():
        words = next((line.split() for line in guest.routes(6) if line.startswith("default")), None)
        return words and (words[words.index("mtu") + 1] if "mtu" in words else "none")
    for told, used in ((1400, "1400"), (1000, "none"), (1280, "1280"), (9000, "1500")):
        send_until(guest, router, advertisement(NET, ndp.mtu(told)), lambda: mtu() == used, f"MTU {used} for {told}")
    assert guest.nic()["mtu"] == "1500"


def test_preferred_router(guest, router):
    """RFC 4191: the better one gets the default route, even when it comes later."""
    send_until(guest, router, advertisement(NET, flags=LOW), lambda: default_routes(guest) == [ONE], "the only router")
    router.send(advertisement(NET), source=TWO)
    guest.wait(lambda: default_routes(guest) == [TWO], "the one of medium preference")
    router.send(advertisement(NET, flags=HIGH))
    guest.wait(lambda: default_routes(guest) == [ONE], "the one that is high now")
    guest.wait(lambda: guest.nic().list("gateway") == [f"{ONE} ra 1002"], "the record's gateway")


def test_routes_of_a_router(guest, router):
    """RFC 4191 2.3: more specific routes, which go with lifetime 0."""
    message = advertisement(NET, ndp.route("2001:db8:9::/48"), lifetime_s=0)
    send_until(guest, router, message, lambda: has(guest, "2001:db8:1"), "an address")
    guest.wait(lambda: any(line.startswith(f"2001:db8:9::/48 via {ONE}") for line in guest.routes(6)), "its route")
    assert default_routes(guest) == [], "lifetime 0: no default router"
    router.send(advertisement(NET, ndp.route("2001:db8:9::/48", lifetime_s=0), lifetime_s=0))
    guest.wait(lambda: not any("2001:db8:9::" in line for line in guest.routes(6)), "the route is gone")


def test_router_that_resigns(guest, router):
    """Lifetime 0 takes the default route and leaves the address; the other router stands in."""
    send_until(guest, router, advertisement(NET), lambda: default_routes(guest) == [ONE], "the router")
    router.send(advertisement(NET), source=TWO)
    router.send(advertisement(NET, lifetime_s=0))
    guest.wait(lambda: default_routes(guest) == [TWO], "the other router")
    router.send(advertisement(NET, lifetime_s=0), source=TWO)
    guest.wait(lambda: default_routes(guest) == [] and "gateway.1" not in guest.nic(), "no router")
    guest.wait(lambda: has(guest, "2001:db8:1"), "the address")


def test_router_that_dies(keep, tmp_path, lan, guest):
    """It says nothing, but does not answer any more: as soon as something is sent, the other one is used."""
    other = keep(Lan(label="other"))
    lan.join(other)
    keep(Radvd(other, tmp_path, "AdvDefaultPreference high;", interval(3, 4), prefix("2001:db8:1::/64"),
               name="radvd-other").start())
    guest.wait(lambda: default_routes(guest) == ["fe80::2"], "the preferred router")
    keep(Radvd(lan, tmp_path, interval(3, 4), prefix("2001:db8:1::/64")).start())
    guest.wait(lambda: "from fe80::ff:fe00:1" in guest.dhcpcd_log.read_text(), "the other router is known")
    guest.wait(lambda: has(guest, "2001:db8:1"), "an address")
    other.ip("link", "set", "trunk", "down")

    def look():
        guest.namespace.run("ping", "-6", "-c1", "-W1", "2001:db8:f::1", check=False)
        return default_routes(guest) == ["fe80::ff:fe00:1"]
    guest.wait(look, "the router that lives", 40)
    guest.wait(lambda: guest.nic().list("gateway") == ["fe80::ff:fe00:1 ra 1002"], "the record's gateway")


def test_prefix_with_no_time_left(guest, router):
    """RFC 4862 5.5.3 (e): what others could forge takes two hours at least; it is not used for new connections."""
    send_until(guest, router, advertisement(ndp.prefix("2001:db8:1::/64", 86400, 86400)),
               lambda: has(guest, "2001:db8:1"), "an address")
    before = int(guest.address("2001:db8:1:")[2])
    router.send(advertisement(ndp.prefix("2001:db8:3::/64", 0, 0), ndp.prefix("2001:db8:1::/64", 0, 0),
                              ndp.prefix("2001:db8:2::/64")))
    guest.wait(lambda: has(guest, "2001:db8:2"), "the new prefix's address")
    assert not guest.address("2001:db8:3:"), "an address of a prefix that never had time"
    guest.wait(lambda: guest.address("2001:db8:1:")[3:] == ["deprecated"], "deprecated")
    assert abs(before - int(guest.address("2001:db8:1:")[2]) - (86400 - 7200) * 1000) < 60_000


def test_not_from_this_link(keep, lan, guest, router):
    """RFC 4861 6.1.2: such an advertisement is no advertisement."""
    for bad, why in (({"source": "2001:db8:1::1"}, "RA from non local address 2001:db8:1::1"),
                     ({"source": "::"}, "RA from non local address ::"), ({"hop_limit": 254}, "invalid hoplimit(254)")):
        stranger = keep(Router(lan, **bad))
        send_until(guest, stranger, advertisement(ndp.prefix("2001:db8:2::/64"), ndp.rdnss("2001:db8:2::53")),
                   lambda: why in guest.dhcpcd_log.read_text(), f"dhcpcd has refused {bad}")
    send_until(guest, router, advertisement(NET), lambda: has(guest, "2001:db8:1"), "the right one's address")
    assert not guest.address("2001:db8:2:") and not guest.servers()


def test_flags_that_change(keep, tmp_path, lan, guest):
    """O, then M, then neither: DNS by DHCPv6, an address as well, which stays for its time."""
    keep(Kea6(lan, tmp_path, "2001:db8:1::/64", "2001:db8:1::100 - 2001:db8:1::1ff", lifetime_s=600,
              options={"dns-servers": "2001:db8:1::53"}).start())
    radvd = Radvd(lan, tmp_path)
    keep(radvd)
    for flags, condition, what in (
            (["AdvOtherConfigFlag on;"],
             lambda: guest.nic()["dhcp6"] == "inform" and guest.servers()[0][:2] == ["2001:db8:1::53", "dhcp6"], "O"),
            (["AdvManagedFlag on;", "AdvOtherConfigFlag on;"],
             lambda: guest.nic()["dhcp6"] == "bound" and guest.address("2001:db8:1::1")[1] == "dhcp", "M"),
            ([rdnss("2001:db8:1::54")],
             lambda: ["2001:db8:1::54", "ra"] in [words[:2] for words in guest.servers()], "none")):
        radvd.kill()
        radvd.lines = [*flags, interval(3, 4), prefix("2001:db8:1::/64")]
        radvd.start()
        guest.wait(condition, f"after flags {what}")
        guest.wait(lambda: has(guest, "2001:db8:1"), "the address of SLAAC")
    assert guest.address("2001:db8:1::1")[1] == "dhcp"
