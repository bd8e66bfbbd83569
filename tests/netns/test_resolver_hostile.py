"""Whatever a name server sends, the resolver takes from it only what can be used, and goes on."""

import random
import struct

import pytest
from dns import A, SRV, ScriptedServer, Zone, address, cname, name, record, reply, srv
from relay import Network
from resolver import Resolver

SERVICE = "_vlmcs._tcp.evil.example"
SERVICES_MAX = 15  # in one setting, beside good.example
GOOD = Zone({("good.example", A): [address("good.example", "192.0.2.7")],
             ("kms.example", A): [address("kms.example", "192.0.2.8")]})


def good_answer(question):
    return reply(question, srv(question.name, "kms.example"))


@pytest.fixture
def network(keep, tmp_path):
    return Network(keep, tmp_path)


@pytest.fixture
def ask(keep, network, tmp_path, libc):
    """Starts a server that answers the questions for services by their functions, {name: function}, and a resolver
    of them and, last, of a name that is always there."""
    def start(answers, **options):
        def choose(question):
            return answers.get(question.name, GOOD)(question)
        keep(ScriptedServer(network.lan, network.host, choose, **options))
        upstream = ",".join([f"srv:{service}" for service in answers] + ["good.example:7"])
        resolver = keep(Resolver(network.box, tmp_path, upstream, [network.host], libc=libc))
        resolver.wait_source(len(answers) + 1, "ok", 60)
        return resolver
    return start


def label(text):
    return bytes([len(text)]) + text + name("example")


SILENT = "waiting no answer from the name servers"
NONSENSE = "waiting the answer for NAME makes no sense"
REFUSED = "failed NAME: no record that can be used"
NO_DATA = "failed no SRV record at NAME"
ANSWERS = {
    "a label with a dot": (lambda q: reply(q, srv(q.name, label(b"good.evil"))), REFUSED),
    "a label with NUL": (lambda q: reply(q, srv(q.name, label(b"good\0evil"))), REFUSED),
    "a label with a line end": (lambda q: reply(q, srv(q.name, label(b"a\ntarget.9=1 0 0 1"))), REFUSED),
    "a terminal's escape": (lambda q: reply(q, srv(q.name, label(b"\x1b[2J"))), REFUSED),
    "an address as name": (lambda q: reply(q, srv(q.name, "192.0.2.9")), REFUSED),
    "port 0": (lambda q: reply(q, srv(q.name, "kms.example", port=0)), REFUSED),
    "a name that points to itself": (lambda q: reply(q, srv(b"\xc0\x0c", struct.pack(
        "!H", 0xC000 | 12 + len(q.wire) + 12 + 6))), REFUSED),
    "a record that is too short": (lambda q: reply(q, record(q.name, SRV, 60, b"\0\0\0")), REFUSED),
    "other owners": (lambda q: reply(q, srv("_vlmcs._tcp.other.example", "kms.example")), NO_DATA),
    "another class": (lambda q: reply(q, record(q.name, SRV, 60, b"\0\0\0\0\0\1" + name("kms.example"), 3)), NO_DATA),
    "a CNAME loop": (lambda q: reply(q, cname(q.name, "b.example"), cname("b.example", q.name)), NONSENSE),
    "a hundred CNAMEs": (lambda q: reply(q, cname(q.name, "n0.example"),
                                         *(cname(f"n{n}.example", f"n{n + 1}.example") for n in range(100))), NONSENSE),
    "fewer records than counted": (lambda q: reply(q, b"", b""), NONSENSE),
    "bytes after the end": (lambda q: good_answer(q) + b"more", NONSENSE),
}
# Where the two C libraries differ in what they take for an answer: no target comes of it in either.
NO_ANSWERS = {
    "another question": lambda q: good_answer(q._replace(wire=name("x.example") + q.wire[-4:])),
    "another number": lambda q: good_answer(q._replace(id=q.id ^ 1)),
    "a header": lambda q: reply(q)[:12],
    "three bytes": lambda q: reply(q)[:3],
    "nothing": lambda q: b"",
    "a question": lambda q: struct.pack("!6H", q.id, 0x0100, 1, 0, 0, 0) + q.wire,
}


def test_answers_that_no_server_should_give(ask):
    assert len(ANSWERS) <= SERVICES_MAX
    services = {f"_s{number}._tcp.evil.example": case for number, case in enumerate(ANSWERS)}
    resolver = ask({service: ANSWERS[case][0] for service, case in services.items()})
    for number, (service, case) in enumerate(services.items(), 1):
        expected = ANSWERS[case][1].replace("NAME", service)
        assert resolver.wait_source(number, expected)["source.%d" % number] == expected, case
    assert [target.host for target in resolver.targets()] == ["good.example"]


@pytest.mark.deadline(100)
def test_packets_that_are_no_answer(ask):
    services = {f"_s{number}._tcp.evil.example": case for number, case in enumerate(NO_ANSWERS)}
    resolver = ask({service: NO_ANSWERS[case] for service, case in services.items()})
    for number, case in enumerate(services.values(), 1):
        line = resolver.wait_record(lambda r, number=number: " " in r.get(f"source.{number}", ""), case, 60)
        assert line[f"source.{number}"].split()[0] in ("waiting", "failed"), (case, line)
    assert [target.host for target in resolver.targets()] == ["good.example"]


def test_good_record_among_bad_ones(ask):
    resolver = ask({SERVICE: lambda q: reply(q, srv(SERVICE, label(b"a b")), srv("x.example", "wrong.example"),
                                             srv(SERVICE, "kms.example"), srv(SERVICE, "kms.example", port=0))})
    resolver.wait_targets([("kms.example", 1688, ["192.0.2.8"]), ("good.example", 7, ["192.0.2.7"])])
    assert f"{SERVICE}: 2 records that cannot be used" in resolver.log_text()


def test_addresses_that_no_host_has(network, keep, tmp_path, libc):
    """And those that are of this machine or link alone: whoever answers a name may not lead the relay to them."""
    bad = ["0.0.0.0", "127.0.0.1", "127.9.9.9", "169.254.169.254", "224.0.0.1", "240.0.0.1", "255.255.255.255",
           "::", "::1", "::127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::169.254.169.254", "ff02::1", "fe80::1", "::ffff:192.0.2.1"]
    good = ["64:ff9b::c000:201", "126.255.255.255", "2001:db8::1", "128.0.0.1", "169.253.0.1"]  # families take turns

    def answer(question):
        texts = bad if question.name == "bad.example" else bad + good
        kinds = [text for text in texts if (":" in text) == (question.type != A)]
        return reply(question, *(address(question.name, text) for text in kinds))
    keep(ScriptedServer(network.lan, network.host, answer))
    resolver = keep(Resolver(network.box, tmp_path, "kms.example:7,bad.example:8", [network.host], libc=libc))
    resolver.wait_targets([("kms.example", 7, good)])
    resolver.wait_source(2, "failed bad.example: no address that can be used", 20)


def test_cut_answer_comes_whole_by_tcp(ask):
    whole = [srv(SERVICE, "kms.example", priority=n) for n in range(40)]
    resolver = ask({SERVICE: lambda q: reply(q, *whole) if q.tcp else reply(q, truncated=True)})
    assert resolver.wait_source(1, "ok")["left_out"] == "9"  # a place is kept for the other name


def test_cut_answer_and_no_tcp(ask):
    """Part of an answer is none: it does not say which are missing."""
    resolver = ask({SERVICE: lambda q: reply(q, srv(SERVICE, "kms.example"), truncated=True)}, tcp=False)
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
    resolver = ask({SERVICE: answer})
    resolver.wait_source(1, "ok", 60)


@pytest.mark.deadline(110)
def test_random_changes(ask):
    """Good answers with some bytes changed; the next one is good, and is taken as ever."""
    chance = random.Random(1688)
    seen = set()

    def answer(question):
        message = bytearray(good_answer(question))
        for _ in range(0 if question.name in seen else chance.randint(1, 6)):
            message[chance.randrange(2, len(message))] = chance.randrange(256)
        seen.add(question.name)
        return bytes(message)
    services = [f"_s{number}._tcp.evil.example" for number in range(12)]
    resolver = ask({service: answer for service in services})
    # A change may leave it a good answer with another port or name, so some take until it expires.
    for number in range(1, len(services) + 1):
        resolver.wait_record(lambda r, number=number: r[f"source.{number}"] == "ok" or
                             r[f"source.{number}"].startswith("failed"), f"source {number} has an answer", 90)
