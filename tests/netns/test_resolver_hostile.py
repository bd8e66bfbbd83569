"""Whatever a name server sends, the resolver takes from it only what can be used, and goes on."""

import random
import struct

import pytest
from dns import A, SRV, ScriptedServer, Zone, address, cname, name, record, reply, srv
from relay import Network
from resolver import PROGRAMS, Resolver

SERVICE = "_vlmcs._tcp.evil.example"
GOOD = Zone({("good.example", A): [address("good.example", "192.0.2.7")],
             ("kms.example", A): [address("kms.example", "192.0.2.8")],
             (SERVICE, SRV): [srv(SERVICE, "kms.example")]})


@pytest.fixture(params=sorted(PROGRAMS))
def libc(request):
    return request.param


@pytest.fixture
def network(keep, tmp_path):
    return Network(keep, tmp_path)


@pytest.fixture
def ask(keep, network, tmp_path, libc):
    """Starts a server that answers the question for the service by ANSWER, a function, and a resolver of it."""
    def start(answer, **options):
        def choose(question):
            return answer(question) if question.name == SERVICE else GOOD(question)
        keep(ScriptedServer(network.lan, network.host, choose, **options))
        resolver = keep(Resolver(network.box, tmp_path, f"srv:{SERVICE},good.example:7", [network.host], libc=libc))
        resolver.wait_source(2, "ok")
        return resolver
    return start


def label(text):
    return bytes([len(text)]) + text + name("example")


SILENT = "waiting no answer from the name servers"
NONSENSE = f"waiting the answer for {SERVICE} makes no sense"
REFUSED = f"failed {SERVICE}: no record that can be used"
NO_DATA = f"failed no SRV record at {SERVICE}"
ANSWERS = {
    "a label with a dot": (lambda q: reply(q, srv(SERVICE, label(b"good.evil"))), REFUSED),
    "a label with NUL": (lambda q: reply(q, srv(SERVICE, label(b"good\0evil"))), REFUSED),
    "a label with a line end": (lambda q: reply(q, srv(SERVICE, label(b"a\ntarget.9=1 0 0 1"))), REFUSED),
    "a terminal's escape": (lambda q: reply(q, srv(SERVICE, label(b"\x1b[2J"))), REFUSED),
    "an address as name": (lambda q: reply(q, srv(SERVICE, "192.0.2.9")), REFUSED),
    "port 0": (lambda q: reply(q, srv(SERVICE, "kms.example", port=0)), REFUSED),
    "a name that points to itself": (lambda q: reply(q, srv(SERVICE, struct.pack("!H", 0xC000 | len(q.wire) + 12 + 42))),
                                     REFUSED),
    "a record that is too short": (lambda q: reply(q, record(SERVICE, SRV, 60, b"\0\0\0")), REFUSED),
    "other owners": (lambda q: reply(q, srv("_vlmcs._tcp.other.example", "kms.example")), NO_DATA),
    "another class": (lambda q: reply(q, record(SERVICE, SRV, 60, b"\0\0\0\0\0\1" + name("kms.example"), 3)), NO_DATA),
    "a CNAME loop": (lambda q: reply(q, cname(SERVICE, "b.example"), cname("b.example", SERVICE)), NONSENSE),
    "a hundred CNAMEs": (lambda q: reply(q, cname(SERVICE, "n0.example"),
                                         *(cname(f"n{n}.example", f"n{n + 1}.example") for n in range(100))), NONSENSE),
    "fewer records than counted": (lambda q: reply(q, b"", b""), NONSENSE),
    "bytes after the end": (lambda q: reply(q, srv(SERVICE, "kms.example")) + b"more", NONSENSE),
    "another question": (lambda q: reply(q._replace(wire=name("x.example") + q.wire[-4:])), None),
    "another number": (lambda q: reply(q._replace(id=q.id ^ 1), srv(SERVICE, "kms.example")), SILENT),
    "its header only": (lambda q: reply(q)[:12], None),
    "three bytes": (lambda q: reply(q)[:3], None),
    "nothing": (lambda q: b"", None),
    "a question": (lambda q: struct.pack("!6H", q.id, 0x0100, 1, 0, 0, 0) + q.wire, None),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_what_no_server_should_say(ask, case):
    """EXPECTED None: the two C libraries take it differently; either way no target comes of it."""
    answer, expected = ANSWERS[case]
    resolver = ask(answer)
    if expected is None:
        line = resolver.wait_record(lambda r: " " in r.get("source.1", ""), "an outcome")["source.1"]
        assert line.split()[0] in ("waiting", "failed"), line
    else:
        assert resolver.wait_source(1, expected)["source.1"] == expected
    assert [target.source for target in resolver.targets()] == [2]


def test_good_record_among_bad_ones(ask):
    resolver = ask(lambda q: reply(q, srv(SERVICE, label(b"a b")), srv("x.example", "wrong.example"),
                                   srv(SERVICE, "kms.example"), srv(SERVICE, "kms.example", port=0)))
    resolver.wait_targets([("kms.example", 1688, ["192.0.2.8"]), ("good.example", 7, ["192.0.2.7"])])
    assert f"{SERVICE}: 2 records that cannot be used" in resolver.log_text()


def test_addresses_that_no_host_has(network, keep, tmp_path, libc):
    bad = ["0.0.0.0", "224.0.0.1", "255.255.255.255", "::", "ff02::1", "fe80::1", "::ffff:192.0.2.1"]

    def answer(question):
        kinds = [text for text in bad + ["127.0.0.1"] if (":" in text) == (question.type != A)]
        return reply(question, *(address(question.name, text) for text in kinds))
    keep(ScriptedServer(network.lan, network.host, answer))
    resolver = keep(Resolver(network.box, tmp_path, "kms.example:7", [network.host], libc=libc))
    resolver.wait_targets([("kms.example", 7, ["127.0.0.1"])])


def test_cut_answer_comes_whole_by_tcp(ask):
    whole = [srv(SERVICE, "kms.example", priority=n) for n in range(40)]
    resolver = ask(lambda q: reply(q, *whole) if q.tcp else reply(q, truncated=True))
    assert resolver.wait_source(1, "ok")["left_out"] == "9"  # a place is kept for the other name


def test_cut_answer_and_no_tcp(ask):
    """Part of an answer is none: it does not say which are missing."""
    resolver = ask(lambda q: reply(q, srv(SERVICE, "kms.example"), truncated=True), tcp=False)
    resolver.wait_record(lambda r: r["source.1"].startswith("waiting ") and "cut" in r["source.1"] or
                         r["source.1"] == SILENT, "no whole answer")
    assert [target.source for target in resolver.targets()] == [2]


def test_largest_message(ask):
    """64 KiB of records by TCP, as many as fit."""
    def answer(question):
        if not question.tcp:
            return reply(question, truncated=True)
        one = srv(b"\xc0\x0c", "kms.example")
        return reply(question, *(one[:14] + struct.pack("!H", n) + one[16:] for n in range(65500 // len(one) - 2)))
    resolver = ask(answer)
    resolver.wait_source(1, "ok", 60)


@pytest.mark.parametrize("seed", range(4))
def test_random_changes(ask, seed):
    """A good answer with some bytes changed, another one each time; then a good one is taken as ever."""
    chance = random.Random(seed)
    count = 0

    def answer(question):
        nonlocal count
        count += 1
        message = bytearray(GOOD(question))
        for _ in range(0 if count > 6 else chance.randint(1, 6)):
            message[chance.randrange(2, len(message))] = chance.randrange(256)
        return bytes(message)
    resolver = ask(answer)
    resolver.wait_record(lambda r: any(" kms.example " in line and line.endswith("192.0.2.8")
                                       for line in r.list("target")), "the good answer", 100)
