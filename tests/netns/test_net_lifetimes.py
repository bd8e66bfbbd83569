"""What a router advertisement says holds for just its own lifetime: alone, beside others that last, from a router that is no
default router, through silence and through what other routers say (RFC 4861 6.3.4, RFC 4191 3.1, RFC 8106 5.3)."""

import time

import pytest
from ndp import Router, advertisement, dnssl, prefix, rdnss, route


LIFE_S, LONG_S, END_S = 5, 1800, 30
ONE, OTHER = "fe80::11", "fe80::22"
LABELS = b"\x04corp\x07example\x00\x00\x00\x00"


def routed(guest, *words):
    return any(all(word in line.split() for word in words) for line in guest.routes(6))


# What is said with a lifetime -> (the options of an advertisement, the router's own lifetime, how it is seen in force).
ITEMS = {
    "router": (lambda life: ([], life), lambda guest: routed(guest, "default", ONE)),
    "route": (lambda life: ([route("2001:db8:9::/48", lifetime_s=life)], 0), lambda guest: routed(guest, "2001:db8:9::/48", ONE)),
    "default route by option": (lambda life: ([route("::/0", lifetime_s=life)], 0), lambda guest: routed(guest, "default", ONE)),
    "prefix": (lambda life: ([prefix("2001:db8:7::/64", valid_s=life, preferred_s=life)], 0),
               lambda guest: routed(guest, "2001:db8:7::/64") and guest.address("2001:db8:7:")),
    "RDNSS": (lambda life: ([rdnss("2001:db8:1::53", lifetime_s=life)], 0),
              lambda guest: any(words[0] == "2001:db8:1::53" for words in guest.servers())),
    "DNSSL": (lambda life: ([dnssl(LABELS, lifetime_s=life)], 0),
              lambda guest: any(words[0] == "corp.example" for words in guest.searches())),
}
# What else the same router says, with a lifetime that outlasts the other's.
BESIDE = {
    "alone": [],
    "with a prefix": [prefix("2001:db8:8::/64")],
    "with a route": [route("2001:db8:a::/48", lifetime_s=LONG_S)],
}


@pytest.fixture
def guest(guest, keep, lan):
    """Has a global address of a third router, without which there is no default route. That one is no default router: of two
    the kernel gets one."""
    guest.start()
    guest.third = keep(Router(lan, source="fe80::33"))
    speak(guest, guest.third, [prefix("2001:db8:1::/64")], 0, lambda: guest.address("2001:db8:1:"))
    return guest


def speak(guest, router, options, lifetime_s, seen):
    """Advertises until SEEN; when that was last said."""
    said = [0.0]

    def look():
        if time.monotonic() > said[0] + 2:
            router.send(advertisement(*options, lifetime_s=lifetime_s))
            said[0] = time.monotonic()
        return seen()
    guest.wait(look, "what the advertisement says")
    return said[0]


@pytest.mark.parametrize("others", [False, True], ids=["silence", "others"])
@pytest.mark.parametrize("beside", BESIDE)
@pytest.mark.parametrize("item", ITEMS)
def test_for_its_own_lifetime(keep, lan, guest, item, beside, others):
    say, is_there = ITEMS[item]
    options, lifetime_s = say(LIFE_S)
    router = keep(Router(lan, source=ONE))
    said = speak(guest, router, [*options, *BESIDE[beside]], lifetime_s, lambda: is_there(guest))
    heard = [time.monotonic()]

    def is_gone():
        if others and time.monotonic() > heard[0] + 0.5:
            guest.third.send(advertisement(prefix("2001:db8:1::/64"), lifetime_s=0))
            heard[0] = time.monotonic()
        return not is_there(guest)
    guest.wait(is_gone, f"the end of {item}", END_S)
    lived_s = time.monotonic() - said
    assert lived_s >= LIFE_S - 1.1, f"expected {item} to last {LIFE_S} s, it was gone after {lived_s:.1f} s"
    if beside != "alone":
        assert routed(guest, "2001:db8:8::/64") or routed(guest, "2001:db8:a::/48", ONE), guest.routes(6)


def test_each_of_two_that_are_no_default_routers(keep, lan, guest):
    """Neither's routes go when the other speaks, or a third one."""
    routes = {ONE: "2001:db8:9::/48", OTHER: "2001:db8:b::/48"}
    routers = {source: keep(Router(lan, source=source)) for source in routes}
    for source, text in routes.items():
        speak(guest, routers[source], [route(text, lifetime_s=LONG_S)], 0, lambda: routed(guest, text, source))
    for router, options, lifetime_s in ((guest.third, [prefix("2001:db8:1::/64"), rdnss("2001:db8:1::54")], 0),
                                        (routers[ONE], [route(routes[ONE], lifetime_s=LONG_S), rdnss("2001:db8:1::55")], 0)):
        # A name server that was not there shows that it was heard.
        speak(guest, router, options, lifetime_s, lambda: len(guest.servers()) == (1 if router is guest.third else 2))
        for source, text in routes.items():
            assert routed(guest, text, source), guest.routes(6)
