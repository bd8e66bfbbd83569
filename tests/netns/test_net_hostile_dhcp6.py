"""DHCPv6 by somebody who means harm, or cannot do better: what can be read is used, the rest changes nothing and
reaches no record, and the next honest answer gives an address. dhcpcd survives all of it: it is the same process
afterwards, and so is net."""

import pathlib
import struct

import dhcp6
import pytest
from dhcp6 import (ADVERTISE, BEST, DNS_SERVERS, DOMAIN_LIST, FQDN, IA_ADDRESS, IA_NA, IA_PD, IA_TA,
                   INFORMATION_REQUEST, NO_ADDRS_AVAIL, NTP_SERVER, PREFERENCE, RECONFIGURE, RECONF_MSG, RENEW, REPLY,
                   REQUEST, SERVER_ID, SNTP_SERVERS, SOLICIT, STATUS_CODE, UNSPEC_FAIL, VENDOR_OPTS, ScriptedDhcp6,
                   answer_kind, grant, ia_address, ia_na, iaid_of, ip6, message, option, refuse, requested, status)
from dhcpcd import GuestNetwork, MAC
from dns import name
from servers import Kea6, Radvd, interval, prefix
from waiting import wait_until


MEMORY_KB, GROWTH_KB = 4096, 1024
ADDRESSES_MAX = 8  # packages/dhcpcd/patches
FIRST = "2001:db8:1::77"
SOON = {"t1_s": 1, "t2_s": 3000}  # it renews after a second, and that is the next case's turn


@pytest.fixture
def server(keep, lan):
    return keep(ScriptedDhcp6(lan, grant(FIRST, **SOON)))


@pytest.fixture
def guest(guest, keep, tmp_path, lan, server):
    """With an address of the scripted server's."""
    keep(Radvd(lan, tmp_path, "AdvManagedFlag on;", interval(3, 4),
               prefix("2001:db8:1::/64", autonomous=False)).start())
    guest.start()
    guest.wait_address(f"{FIRST}/128", "dhcp")
    guest.born = guest.lasting_processes()
    return guest


def global_addresses(guest):
    return [address for address in guest.namespace.addresses("eth0", "inet6") if not address.startswith("fe80")]


def assert_unharmed(guest):
    assert guest.lasting_processes() == guest.born, "dhcpcd or net was started anew"
    memory = guest.memory_kb()
    assert max(memory.values()) <= MEMORY_KB, f"memory of dhcpcd's processes: {memory}"
    for path in (guest.run_dir / "net").iterdir():
        strange = [byte for byte in path.read_bytes() if byte != 10 and not 32 <= byte < 127]
        assert not strange, f"{path.name} has bytes {strange}"


def assert_honest_server_heard(keep, tmp_path, lan, guest, server):
    """Kea in the place of the scripted server, whose lease is not renewed."""
    asked = server.count(SOLICIT)
    server.answer = refuse
    guest.wait(lambda: server.count(SOLICIT) > asked + 1, "it asks everyone")
    server.close()
    keep.things.remove(server)
    keep(Kea6(lan, tmp_path, "2001:db8:1::/64", "2001:db8:1::1:100 - 2001:db8:1::1:1ff",
              options={"dns-servers": "2001:db8:1::53"}).start())
    guest.wait_address("2001:db8:1::1:1", "dhcp", deadline_s=60)
    guest.wait(lambda: "2001:db8:1::53" in guest.resolv_conf(), "Kea's DNS server")


USELESS = ip6("::", "ff02::101", "::ffff:192.0.2.1", "::ffff:127.0.0.1")
ESCAPES = b"a\nnameserver 6.6.6.6\r\x1b[2J\x1b]0;b\x07\x9b31m\0c"
NTP_ADDRESS, NTP_NAME = 1, 3  # suboptions (RFC 5908)


def ntp_server(suboption, data):
    return option(NTP_SERVER, option(suboption, data))


# What cannot be read, or is not for us. The DNS server behind it in the same message is used all the same; it stands
# behind servers of no use, and half of another one follows it.
UNREADABLE = {
    "search points at itself": option(DOMAIN_LIST, b"\xc0\0"),
    "search loop": option(DOMAIN_LIST, b"\3abc\xc0\0"),
    "search loop of two": option(DOMAIN_LIST, b"\1a\xc0\4\1b\xc0\0"),
    "search points behind the end": option(DOMAIN_LIST, b"\xc0\xf0"),
    "search of half a pointer": option(DOMAIN_LIST, b"\xc0"),
    "search label of 64": option(DOMAIN_LIST, b"\x40" + b"a" * 64 + b"\0"),
    "search label of another kind": option(DOMAIN_LIST, b"\x80abc"),
    "search label cut": option(DOMAIN_LIST, b"\x3fabc"),
    "search name of 600 bytes": option(DOMAIN_LIST, (b"\x3b" + b"a" * 59) * 10 + b"\0"),
    "search of control characters": option(DOMAIN_LIST, name("a\n.b\x1b[2J") + name("c\rd")),
    "search of escapes": option(DOMAIN_LIST, bytes([len(ESCAPES)]) + ESCAPES + b"\0"),
    "search not in UTF-8": option(DOMAIN_LIST, b"\4caf\xe9\0"),
    "search of 60,000 empty names": option(DOMAIN_LIST, b"\0" * 60_000),
    "time servers cut": option(SNTP_SERVERS, ip6("2001:db8:bad::ffff")[:15]),
    "time servers of no use": option(SNTP_SERVERS, USELESS),
    "NTP servers of no use": b"".join(ntp_server(NTP_ADDRESS, USELESS[at:at + 16])
                                      for at in range(0, len(USELESS), 16)),
    "NTP servers cut": ntp_server(NTP_ADDRESS, USELESS[:15]) + option(NTP_SERVER, b"\0\1\0\x10" + b"\x20" * 15),
    "NTP servers by name": b"".join(ntp_server(NTP_NAME, data) for data in (
        name("time.example"), name(ESCAPES.decode("latin-1")[:9]), b"\xc0\0", b"\x80abc", b"")),
    "NTP servers of another kind": ntp_server(0, b"") + ntp_server(2, ip6("ff02::101")) + ntp_server(65535, ESCAPES),
    "all empty": b"".join(map(option, (DNS_SERVERS, DOMAIN_LIST, SNTP_SERVERS, NTP_SERVER, FQDN, VENDOR_OPTS, IA_PD,
                                       IA_NA, IA_TA, IA_ADDRESS, 12, 82, 83))),
    "name of control characters": option(FQDN, b"\0" + bytes([len(ESCAPES)]) + ESCAPES),
    "status of escapes": status(0, ESCAPES),
    "status of 60,000 bytes": status(0, ESCAPES * 1500),
    "status in the IA": lambda r: ia_na(r, ia_address(FIRST), status(0, ESCAPES), **SOON),
    "status in the address": lambda r: ia_na(r, ia_address(FIRST, options=status(5, ESCAPES)), **SOON),
    "vendor's options": option(VENDOR_OPTS, struct.pack("!I", 311) + ESCAPES * 10),
    "unknown": option(65535, b"\xff" * 50_000),
    "10,000 empty options": option(4242) * 10_000,
    "IA of somebody else": lambda r: ia_na(r, ia_address("2001:db8:bad::1"), iaid=b"\xee\xee\xee\xee"),
    "50 IAs of others": lambda r: b"".join(ia_na(r, ia_address(f"2001:db8:bad::{n:x}"), iaid=struct.pack("!I", n + 1))
                                            for n in range(50)),
    "temporary addresses": lambda r: option(IA_TA, iaid_of(r) + ia_address("2001:db8:bad::2")),
    "prefix": lambda r: option(IA_PD, iaid_of(r) + bytes(8)
                               + option(26, struct.pack("!IIB", 3600, 7200, 56) + ip6("2001:db8:2::"))),
    "IA in an IA": lambda r: ia_na(r, ia_na(r, ia_address("2001:db8:bad::3")), iaid=b"\xee\xee\xee\xee"),
    "IAs 50 deep": lambda r: nested(r, 50),
    "IAs 2,000 deep": lambda r: nested(r, 2000),
    "addresses 50 deep": lambda r: ia_na(r, addresses_nested(50), iaid=b"\xee\xee\xee\xee"),
    "address outside of an IA": ia_address("2001:db8:bad::4"),
    "address within an address": lambda r: ia_na(r, ia_address(FIRST, options=ia_address("2001:db8:bad::5")), **SOON),
}


def nested(request, depth):
    inner = ia_address("2001:db8:bad::6")
    for _ in range(depth):
        inner = ia_na(request, inner)
    return option(IA_NA, b"\xee\xee\xee\xee" + bytes(8) + inner)


def addresses_nested(depth):
    inner = b""
    for number in range(depth):
        inner = ia_address(f"2001:db8:bad::{number + 7:x}", options=inner)
    return inner


def built(what, request):
    return what(request) if callable(what) else what


@pytest.mark.deadline(240)
def test_unreadable_options_change_nothing(keep, tmp_path, lan, guest, server):
    """One by one, in answers to renewals."""
    for number, (what, odd) in enumerate(UNREADABLE.items(), 1):
        mark = f"2001:db8:53::{number:x}"

        def answer(request, odd=odd, mark=mark):
            good = option(DNS_SERVERS, USELESS + ip6(mark, "2001:db8:bad::1")[:31])
            return grant(FIRST, built(odd, request) + good, **SOON)(request)
        server.answer = answer
        guest.wait(lambda: guest.resolv_conf() == f"nameserver {mark}\n", f"{what}: the DNS server behind it, alone")
        guest.wait(lambda: set(guest.resolver()) == {"server.1", "left_out"}, f"{what}: nothing else")
        guest.wait(lambda: global_addresses(guest) == [FIRST], f"{what}: one address")
        guest.wait_address(f"{FIRST}/128", "dhcp")
        assert_unharmed(guest)
    assert_honest_server_heard(keep, tmp_path, lan, guest, server)


# Of no use as a lease: none of these may keep the client from the good answer that follows.
NO_LEASE = {
    "multicast": lambda r: ia_na(r, ia_address("ff02::1")),
    "loopback": lambda r: ia_na(r, ia_address("::1")),
    "unspecified": lambda r: ia_na(r, ia_address("::")),
    "link-local": lambda r: ia_na(r, ia_address("fe80::77")),
    "IPv4": lambda r: ia_na(r, ia_address("::ffff:192.0.2.7")),
    "valid for less than preferred": lambda r: ia_na(r, ia_address("2001:db8:bad::1", 60, 3600)),
    "valid for no time": lambda r: ia_na(r, ia_address("2001:db8:bad::1", 0, 0)),
    "T1 after T2": lambda r: ia_na(r, ia_address("2001:db8:bad::1"), t1_s=3000, t2_s=1000),
    "address cut": lambda r: ia_na(r, option(IA_ADDRESS, ip6("2001:db8:bad::1") + bytes(7))),
    "address goes on behind the IA":
        lambda r: ia_na(r, option(IA_ADDRESS, ip6("2001:db8:bad::1") + b"\0\0\1\0" * 2, 200)),
    "IA cut": lambda r: option(IA_NA, iaid_of(r) + bytes(7)),
    "IA of somebody else": lambda r: ia_na(r, ia_address("2001:db8:bad::1"), iaid=b"\xee\xee\xee\xee"),
    "IA without an address": ia_na,
    "IA in an IA": lambda r: ia_na(r, ia_na(r, ia_address("2001:db8:bad::1"))),
    "IAs 50 deep": lambda r: nested(r, 50),
    "no IA": b"",
    "no addresses, with escapes": lambda r: ia_na(r, status(NO_ADDRS_AVAIL, ESCAPES)),
    "refusal with escapes": lambda r: status(UNSPEC_FAIL, ESCAPES) + ia_na(r, ia_address("2001:db8:bad::1")),
    "status cut": lambda r: option(STATUS_CODE, b"\0") + ia_na(r, ia_address("2001:db8:bad::1")),
    "IA goes on behind the message":
        lambda r: option(IA_NA, iaid_of(r) + bytes(8) + ia_address("2001:db8:bad::1"), 200),
    "option goes on behind the message":
        lambda r: ia_na(r, ia_address("2001:db8:bad::1")) + option(DNS_SERVERS, b"\x20", 65535),
    "half an option at its end": lambda r: ia_na(r, ia_address("2001:db8:bad::1")) + b"\0\x17\0",
}


def offer(request, kind=None, **identifiers):
    given = ia_na(request, ia_address("2001:db8:bad::1"))
    return message(kind or answer_kind(request), request, BEST, given, **identifiers)


# Not for us, or no message at all.
NO_MESSAGE = {
    "another's transaction": lambda r: offer(r, xid=bytes(byte ^ 0xFF for byte in r.xid)),
    "another's client ID": lambda r: offer(r, client_id=bytes.fromhex("00030001020000000666")),
    "client ID of 60,000 bytes": lambda r: offer(r, client_id=bytes(60_000)),
    "no client ID": lambda r: offer(r, client_id=b""),
    "no server ID": lambda r: offer(r, server_id=b""),
    "REPLY to a SOLICIT, ADVERTISE to a REQUEST": lambda r: offer(r, REPLY + ADVERTISE - answer_kind(r)),
    "a client's message": lambda r: offer(r, REQUEST),
    "unknown message type": lambda r: offer(r, 200),
    "three bytes": lambda r: offer(r)[:3],
    "a head alone": lambda r: offer(r)[:4],
    "zeros": lambda r: bytes(1000),
}


def cases():
    for what, odd in NO_LEASE.items():
        yield what, lambda r, odd=odd: message(answer_kind(r), r, BEST, built(odd, r))
    yield from NO_MESSAGE.items()


@pytest.mark.deadline(300)
@pytest.mark.parametrize("asks", [SOLICIT, REQUEST], ids=["ADVERTISE", "REPLY"])
def test_answers_that_count_for_nothing(keep, tmp_path, lan, guest, server, asks):
    """Each comes right before a good one. Only the first question is answered so."""
    for number, (what, odd) in enumerate(cases(), 1):
        good, odds, wanted = f"2001:db8:1::{number + 0x1000:x}", [odd], []

        def answer(request, good=good, odds=odds, wanted=wanted):
            if request.kind == RENEW and requested(request) != [good]:
                return refuse(request)
            if request.kind == REQUEST:
                wanted.append(requested(request))
            first = [odds.pop()(request)] if odds and request.kind == asks else []
            return first + grant(good, **SOON)(request)
        server.answer = answer
        guest.wait(lambda: global_addresses(guest) == [good], f"{what}: the good answer's address", 30)
        guest.wait_address(f"{good}/128", "dhcp")
        assert not odds and all(each == [good] for each in wanted), f"{what}: {odds}, asked for {wanted}"
        guest.wait(lambda: guest.nic()["dhcp6"] == "renew", f"{what}: it goes on with the good one's lease")
        assert_unharmed(guest)
    assert b"IAID 00:00:01:01 T1(3000) > T2(1000)" in guest.dhcpcd_log.read_bytes(), "the log names the IA"
    assert_honest_server_heard(keep, tmp_path, lan, guest, server)


def test_reconfigure_without_authentication(guest, server):
    """Whoever it seems to be from (RFC 8415 18.2.11): the lease is renewed with the server that gave it, as before."""
    request = server.asked[-1]
    for kind in (RENEW, INFORMATION_REQUEST, 99, None):
        said, before = guest.dhcpcd_log.read_text().count("RECONFIGURE"), len(server.asked)
        asked_for = option(RECONF_MSG, bytes([kind])) if kind else b""
        server.send(message(RECONFIGURE, request, asked_for, option(DNS_SERVERS, ip6("2001:db8:bad::53")), xid=bytes(3),
                            server_id=b"\0\3\0\1badbad"), request)
        guest.wait(lambda: guest.dhcpcd_log.read_text().count("RECONFIGURE") > said, "dhcpcd has read it")
        guest.wait(lambda: len(server.asked) >= before + 3, "three more questions")
        for asked in server.asked[before:]:
            assert (asked.kind, asked.options[SERVER_ID], requested(asked)) == (RENEW, dhcp6.DUID, [FIRST]), asked
        assert guest.resolv_conf() == ""
    assert_unharmed(guest)


def test_reconfigure_before_there_is_a_lease(guest, server):
    """Nor is it one: the client asks on."""
    request = server.asked[-1]
    server.answer = lambda request: refuse(request) if request.kind == RENEW else []
    guest.wait(lambda: server.asked[-1].kind == SOLICIT, "it asks everyone")
    said = guest.dhcpcd_log.read_text().count("RECONFIGURE")
    server.send(message(RECONFIGURE, request, option(RECONF_MSG, bytes([RENEW])), xid=bytes(3)), request)
    guest.wait(lambda: guest.dhcpcd_log.read_text().count("RECONFIGURE") > said, "dhcpcd has read it")
    before = len(server.asked)
    guest.wait(lambda: len(server.asked) > before, "the next question")
    assert server.asked[-1].kind == SOLICIT, server.asked[-1]
    server.answer = grant("2001:db8:1::78")
    guest.wait_address("2001:db8:1::78/128", "dhcp")
    assert_unharmed(guest)


def waiting_bytes(guest):
    """What dhcpcd has not read yet: the queues of the UDP sockets of its namespace."""
    lines = pathlib.Path(f"/proc/{guest.net.pid}/net/udp6").read_text().splitlines()[1:]
    return sum(int(line.split()[4].partition(":")[2], 16) for line in lines)


def peak_kb(guest):
    """{pid: the most memory in kB that it ever had}, of dhcpcd's processes and net."""
    found = {}
    for pid in guest.processes():
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
        found[pid] = int(text.partition("VmHWM:")[2].split()[0])
    return found


def addresses(first, count):
    return b"".join(ia_address(f"2001:db8:bad:{n >> 16:x}::{n & 0xffff:x}") for n in range(first, first + count))


# How many messages of how many addresses; the first PACED of them are waited for: the kernel drops what comes too fast.
FLOODS = {"10,000 of 40 addresses": (10_000, 40, 1500, b""), "100 of 2,000 addresses": (100, 2000, 100, b""),
          "10,000 that are each better than the last": (10_000, 1, 1500, None)}


@pytest.mark.deadline(240)
@pytest.mark.parametrize("what", FLOODS)
def test_flood_of_advertisements(keep, tmp_path, lan, guest, server, what):
    """All in answer to one SOLICIT, each with other addresses."""
    messages, each, paced, preference = FLOODS[what]
    sent = []

    def answer(request):
        if request.kind == RENEW:
            return refuse(request)
        if sent or request.kind != SOLICIT:
            return grant("2001:db8:1::78", **SOON)(request)
        sent.append(0)
        return flood(request)

    def flood(request):
        for number in range(messages):
            better = option(PREFERENCE, bytes([number * 254 // messages])) if preference is None else preference
            yield message(ADVERTISE, request, better, ia_na(request, addresses(number * each, each)))
            sent[0] += 1
            if number < paced and number % 10 == 9:
                wait_until(lambda: waiting_bytes(guest) == 0, 60, f"{number} advertisements are read")
    before = peak_kb(guest)
    server.answer = answer
    guest.wait(lambda: sent == [messages], "all are sent", 120)
    guest.wait_calm(60)
    guest.wait(lambda: global_addresses(guest) == ["2001:db8:1::78"], "the good server's address", 60)
    assert_unharmed(guest)
    grown = {pid: peak - before[pid] for pid, peak in peak_kb(guest).items() if pid in before}
    assert max(grown.values()) <= GROWTH_KB, f"resident memory at its peak: {before} kB before, {grown} kB more after"
    assert_honest_server_heard(keep, tmp_path, lan, guest, server)


def test_lease_of_two_thousand_addresses(lan, guest, server):
    """As many as dhcpcd keeps are used, and net goes on to hear of what follows."""
    def answer(request):
        if request.kind == RENEW:
            return refuse(request)
        many = ia_na(request, addresses(1, 2000))
        return [message(answer_kind(request), request, BEST, option(DNS_SERVERS, ip6("2001:db8:1::53")), many)]
    server.answer = answer
    new = {"2001:db8:bad::1"}
    guest.wait(lambda: (new | {FIRST}) & set(global_addresses(guest)) == new, "the new lease")
    guest.wait_calm(60)
    guest.wait(lambda: guest.nic()["dhcp6"] == "bound", "it is bound")
    guest.wait(lambda: guest.resolv_conf() == "nameserver 2001:db8:1::53\n", "its DNS server")
    assert len(global_addresses(guest)) == ADDRESSES_MAX
    assert {words[1] for words in guest.addresses() if not words[0].startswith("fe80")} == {"dhcp"}
    assert_unharmed(guest)
    lan.ip("link", "set", guest.port, "down")
    guest.wait(lambda: guest.nic()["link"] == "down" and guest.nic()["dhcp6"] == "none", "the cable is out")
    server.answer = grant(FIRST, **SOON)
    lan.ip("link", "set", guest.port, "up")
    guest.wait(lambda: global_addresses(guest) == [FIRST], "the good answer's address")
    guest.wait_address(f"{FIRST}/128", "dhcp")
    guest.wait(lambda: guest.nic()["dhcp6"] == "renew", "net hears of it")
    assert_unharmed(guest)


# What makes a client ask anew at once, for ever.
def refuse_the_chosen(request):
    return grant("2001:db8:1::78", **SOON)(request) if request.kind == SOLICIT else refuse(request)


def for_no_time(request):
    lifetimes = {} if request.kind == SOLICIT else {"valid_s": 0, "preferred_s": 0}
    return refuse(request) if request.kind == RENEW else grant("2001:db8:1::78", **SOON, **lifetimes)(request)


@pytest.mark.parametrize("answer", [refuse_the_chosen, for_no_time])
def test_server_that_takes_back_what_it_offers(keep, tmp_path, lan, guest, server, answer):
    """It is asked again and again, but not in a storm."""
    server.answer = answer
    guest.wait(lambda: server.count(REQUEST) > 3, "it has been asked three times")
    guest.wait_calm()
    assert_unharmed(guest)
    assert_honest_server_heard(keep, tmp_path, lan, guest, server)


def test_options_without_addresses(keep, tmp_path, lan, server):
    """Where a router says that DHCPv6 knows the rest: only the last answer is one."""
    guest = keep(GuestNetwork())
    odds = list(NO_MESSAGE.values()) + [lambda r: message(REPLY, r, status(UNSPEC_FAIL, ESCAPES), bad)]
    bad, good = option(DNS_SERVERS, ip6("2001:db8:bad::53")), option(DNS_SERVERS, ip6("2001:db8:1::53"))
    server.answer = lambda request: [odd(request) for odd in odds] + [message(REPLY, request, good)]
    lan.attach(guest.namespace, mac=MAC)
    keep(Radvd(lan, tmp_path, "AdvOtherConfigFlag on;", interval(3, 4), prefix("2001:db8:1::/64")).start())
    guest.start()
    guest.wait(lambda: guest.nic().get("dhcp6") == "inform", "an answer is taken")
    guest.born = guest.lasting_processes()
    guest.wait(lambda: guest.resolv_conf() == "nameserver 2001:db8:1::53\n", "the good answer's server")
    guest.wait_address("2001:db8:1::ff:fe00:101/64", "slaac")
    assert server.count(INFORMATION_REQUEST) == 1
    assert_unharmed(guest)
