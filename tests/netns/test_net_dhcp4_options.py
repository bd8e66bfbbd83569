"""What a DHCPv4 server may write into its options, well formed or not: what is good is used and recorded, the rest
changes nothing, reaches no file and is told in the log."""

import pytest
from dhcp4 import (CLASSLESS_ROUTES, DNS, DOMAIN, HOST_NAME, LOG_SERVERS, NTP, OVERLOAD, ROUTERS, SEARCH, STATIC_ROUTES,
                   ScriptedDhcp, grant, ip, option)
from dns import name


ADDRESS = "192.0.2.77"
# 198.51.100.0/24 by 192.0.2.3, and everything else by 192.0.2.2 (RFC 3442)
ROUTES = bytes([24, 198, 51, 100]) + ip("192.0.2.3")
DEFAULT = b"\0" + ip("192.0.2.2")
GOOD = option(DNS, ip("192.0.2.53"))


@pytest.fixture
def guest(guest):
    guest.start()
    return guest


@pytest.fixture
def grant_anew(keep, lan, guest):
    """grant_anew(OPTIONS, ...): the cable is out and in again, and the guest has its lease, with them."""
    server = keep(ScriptedDhcp(lan, grant(ADDRESS)))

    def start(options, **shape):
        lan.ip("link", "set", guest.port, "down")
        guest.wait(lambda: guest.nic()["link"] == "down" and not guest.address("192.0.2."), "the cable is out")
        server.answer = grant(ADDRESS, options, **shape)
        lan.ip("link", "set", guest.port, "up")
        guest.wait_address(f"{ADDRESS}/24", "dhcp")
        guest.wait(lambda: guest.nic()["dhcp4"] == "bound", "dhcp4=bound")
    return start


def routes(guest):
    """[destination, "via", gateway] of the routes by a gateway."""
    return sorted(words[:3] for words in map(str.split, guest.routes()) if "via" in words)


ROUTE_OPTIONS = [
    (option(ROUTERS, ip("192.0.2.1")), {"default": "192.0.2.1"}),
    (option(ROUTERS, ip("192.0.2.1")) + option(STATIC_ROUTES, ip("198.51.100.7", "192.0.2.3")),
     {"default": "192.0.2.1", "198.51.100.7": "192.0.2.3"}),
    (option(CLASSLESS_ROUTES, ROUTES + DEFAULT), {"default": "192.0.2.2", "198.51.100.0/24": "192.0.2.3"}),
    # RFC 3442: with it the two others do not count, not even where it has no default route.
    (option(ROUTERS, ip("192.0.2.1")) + option(STATIC_ROUTES, ip("203.0.113.7", "192.0.2.4"))
     + option(CLASSLESS_ROUTES, ROUTES + DEFAULT), {"default": "192.0.2.2", "198.51.100.0/24": "192.0.2.3"}),
    (option(ROUTERS, ip("192.0.2.1")) + option(CLASSLESS_ROUTES, ROUTES), {"198.51.100.0/24": "192.0.2.3"}),
]


def test_routes(grant_anew, guest):
    for options, expected in ROUTE_OPTIONS:
        grant_anew(options)
        wanted = sorted([to, "via", by] for to, by in expected.items())
        guest.wait(lambda: routes(guest) == wanted, f"routes {expected}")
        gateways = [f"{expected['default']} dhcp 1002"] if "default" in expected else []
        guest.wait(lambda: guest.nic().list("gateway") == gateways, f"gateways {gateways}")


SEARCHED = name("corp.example") + b"\3lab\xc0\x05"  # the second name ends where the first one's "example" begins
ALL = {DNS: ip("192.0.2.53"), NTP: ip("192.0.2.9"), LOG_SERVERS: ip("192.0.2.8"), HOST_NAME: b"relay7",
       DOMAIN: b"corp.example", SEARCH: SEARCHED}


def in_order(*codes):
    return b"".join(option(code, ALL[code]) for code in codes or ALL)


def halves(code):
    data = ALL[code]
    return option(code, data[:7]) + option(code, data[7:])


FORMS = {
    "plain": {"options": in_order()},
    # RFC 3396
    "split": {"options": in_order(DNS, NTP, LOG_SERVERS, HOST_NAME, DOMAIN) + halves(SEARCH)},
    # RFC 2132 9.3
    "in the fields of file and server name": {
        "options": option(OVERLOAD, b"\3") + in_order(DNS, NTP, LOG_SERVERS),
        "file": in_order(SEARCH) + b"\xff", "sname": in_order(HOST_NAME, DOMAIN) + b"\xff"},
    "without an end": {"options": in_order(), "end": b""},
    "names that end in NUL": {"options": in_order(DNS, NTP, LOG_SERVERS, SEARCH) + option(HOST_NAME, b"relay7\0")
                              + option(DOMAIN, b"corp.example\0")},
    "empty ones between": {"options": b"".join(bytes([code, 0]) for code in (17, 19, 60, 66, 67, 224)) + in_order()},
}


def test_every_form_is_read(grant_anew, guest):
    for what, shape in FORMS.items():
        grant_anew(**shape)
        guest.wait(lambda: len(guest.searches()) == 2, f"{what}: two domains")
        assert guest.resolv_conf() == "nameserver 192.0.2.53\nsearch corp.example lab.example\n", what
        resolver = guest.resolver()
        assert (resolver["host_name"], resolver["ntp.1"], resolver["log_server.1"], resolver["left_out"]) == \
            ("relay7", "192.0.2.9", "192.0.2.8", "0"), f"{what}: {resolver}"


# What cannot be read; the name server beside it is used all the same, and nothing else is in the record.
UNREADABLE = {
    "all empty": b"".join(bytes([code, 0]) for code in (NTP, LOG_SERVERS, HOST_NAME, DOMAIN, SEARCH, ROUTERS,
                                                        STATIC_ROUTES, CLASSLESS_ROUTES)),
    "addresses cut": option(NTP, b"\xc0\0\2") + option(LOG_SERVERS, b"\xc0") + option(ROUTERS, b"\xc0\0"),
    "routes cut": option(CLASSLESS_ROUTES, ROUTES[:-1]),
    "prefix too long": option(CLASSLESS_ROUTES, bytes([33, 1, 2, 3, 4, 5]) + ip("192.0.2.3")),
    "search loop": option(SEARCH, b"\3abc\xc0\0"),
    "search points at itself": option(SEARCH, b"\xc0\0"),
    "search points forward": option(SEARCH, b"\xc0\x02\xc0\0"),
    "search behind the end": option(SEARCH, b"\xc0\xf0"),
    "search label cut": option(SEARCH, b"\x3fabc"),
    "search label of another kind": option(SEARCH, b"\x80abc"),
    "search of control characters": option(SEARCH, name("a\n.b\x1b[2J")),
    "search of no name": option(SEARCH, b"\0" * 255),
    "names of control characters": option(HOST_NAME, b"a\nnameserver 6.6.6.6") + option(DOMAIN, b"a\x1b]0;b\x07"),
    "names not in UTF-8": option(HOST_NAME, b"\xff\xfe\xc3") + option(DOMAIN, b"caf\xe9.example"),
    "names with NUL": option(HOST_NAME, b"\0host") + option(DOMAIN, b"\0"),
    "names of 255 bytes": option(HOST_NAME, b"h" * 255) + option(DOMAIN, b"d" * 255),
    "names of blanks and quotes": option(HOST_NAME, b'"a b"') + option(DOMAIN, b"$(reboot) `b`"),
}


def test_unreadable_options_change_nothing(grant_anew, guest):
    for what, options in UNREADABLE.items():
        grant_anew(options + GOOD)
        # A host name stands in the record as it came: init judges it.
        guest.wait(lambda: set(guest.resolver()) - {"host_name"} == {"server.1", "left_out"}, f"{what}: only the good option's server")
        assert guest.resolv_conf() == "nameserver 192.0.2.53\n", what
        assert not routes(guest) and "gateway.1" not in guest.nic(), what


def test_message_that_lies_about_its_length(keep, lan, guest):
    """An option that goes on behind the message's end: the whole message counts for nothing, the next one does."""
    answers = [grant(ADDRESS, GOOD + bytes([SEARCH, 200]) + b"\3abc", end=b""), grant(ADDRESS, GOOD)]
    server = keep(ScriptedDhcp(lan, lambda request: answers[0](request)))
    guest.wait(lambda: server.count(1) >= 2, "a second DISCOVER: the first answer was not taken")
    assert not guest.address("192.0.2.")
    answers.pop(0)
    guest.wait_address(f"{ADDRESS}/24", "dhcp")
