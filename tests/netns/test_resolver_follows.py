"""The resolver follows the answers as they expire and the servers as they change, and keeps the last answer while
nobody says anything else."""

import time

import pytest
from dns import A, AAAA, REFUSED, SERVFAIL, SRV, ScriptedServer, Zone, address, cname, reply, srv
from relay import Network
from resolver import PROGRAMS, monotonic_ms, parse_target
from servers import Dnsmasq
from waiting import wait_until

SERVICE = "_vlmcs._tcp.corp.example"
UPSTREAM = f"srv:{SERVICE}"


@pytest.fixture
def network(keep, tmp_path):
    return Network(keep, tmp_path)


def zone(ttl=60, host_ttl=60, host="192.0.2.1"):
    return Zone({(SERVICE, SRV): [srv(SERVICE, "kms.corp.example", ttl=ttl)],
                 ("kms.corp.example", A): [address("kms.corp.example", host, host_ttl)]})


@pytest.mark.deadline(60)
def test_no_more_than_one_question_in_five_seconds(network, keep, start):
    server = keep(ScriptedServer(network.lan, network.host, zone(0, 1)))
    start()
    times = wait_until(lambda: len(found := server.times(SRV)) >= 3 and found, 40, "three questions")
    gaps = [after - before for before, after in zip(times, times[1:])]
    # The answer goes out after the time is noted, and from its coming on five seconds are kept.
    assert min(gaps) >= 5, gaps


def test_smallest_ttl_on_the_way_counts(network, keep, start):
    """The service's, the host's, an alias'."""
    services = {case: f"_vlmcs._tcp.{case}.example" for case in ("service", "host", "alias")}
    records = {(name, SRV): [srv(name, f"{case}.example", ttl=6 if case == "service" else 3600)]
               for case, name in services.items()}
    records |= {("service.example", A): [address("service.example", "192.0.2.1", 3600)],
                ("host.example", A): [address("host.example", "192.0.2.1", 6)],
                ("alias.example", A): [cname("alias.example", "real.example", 6),
                                       address("real.example", "192.0.2.1", 3600)]}
    server = keep(ScriptedServer(network.lan, network.host, Zone(records)))
    start(",".join(f"srv:{name}" for name in services.values()))
    for name in services.values():
        times = wait_until(lambda name=name: len(found := server.times(SRV, name)) >= 2 and found, 30,
                           f"two questions for {name}")
        assert times[1] - times[0] >= 6, (name, times)


def test_ttl_has_a_ceiling(network, keep, start):
    keep(ScriptedServer(network.lan, network.host, zone(1_000_000, 1_000_000)))
    before = monotonic_ms()
    resolver = start()
    resolver.wait_source(1, "ok")
    target, = resolver.targets()
    assert before + 3_600_000 <= target.expires_ms <= monotonic_ms() + 3_600_000


def test_targets_renumbered(network, keep, start):
    server = keep(ScriptedServer(network.lan, network.host, zone(5, 5)))
    resolver = start()
    resolver.wait_targets([("kms.corp.example", 1688, ["192.0.2.1"])])
    server.answer = zone(5, 5, host="192.0.2.77")
    resolver.wait_targets([("kms.corp.example", 1688, ["192.0.2.77"])])


@pytest.mark.deadline(100)
def test_servers_gone_and_back(network, keep, tmp_path, start):
    """The last answer stays in force; once it is answered again, it is followed again."""
    lines = [f"srv-host={SERVICE},kms.corp.example,1688", "host-record=kms.corp.example,192.0.2.1", "local=/example/"]
    server = keep(Dnsmasq(network.lan, tmp_path, *lines).start())
    resolver = start()
    resolver.wait_source(1, "ok")
    server.stop()
    resolver.wait_source(1, "stale no answer from the name servers")
    target, = resolver.targets()
    assert target.addresses == ["192.0.2.1"] and resolver.record()["asked.1"] == SERVICE
    server.lines[1] = "host-record=kms.corp.example,192.0.2.78"
    server.start()
    resolver.wait_targets([("kms.corp.example", 1688, ["192.0.2.78"])], 60)
    assert resolver.record()["source.1"] == "ok"


def test_no_drops_the_targets(network, keep, start):
    server = keep(ScriptedServer(network.lan, network.host, zone(5, 5)))
    resolver = start()
    resolver.wait_source(1, "ok")
    server.answer = Zone({})
    record = resolver.wait_source(1, f"failed NXDOMAIN: no such name {SERVICE}")
    assert not record.list("target"), record


def test_other_servers_while_a_question_is_unanswered(network, keep, start):
    """They are asked at once, though the question to those before would go on for seconds."""
    network.black_hole("192.0.2.9")
    keep(ScriptedServer(network.lan, network.host, zone()))
    resolver = start(servers=["192.0.2.9"])
    wait_until(resolver.workers, 20, "a question is under way")
    resolver.write_conf([network.host])
    resolver.wait_source(1, "ok", 4)


def test_other_servers_with_a_lease(network, keep, start):
    """Long before the answer expires; and with no servers at all, it stays."""
    network.lan.ip("address", "add", "192.0.2.3/24", "dev", "br0")
    keep(ScriptedServer(network.lan, network.host, zone(3600, 3600)))
    keep(ScriptedServer(network.lan, "192.0.2.3", zone(3600, 3600, host="192.0.2.79")))
    resolver = start()
    resolver.wait_targets([("kms.corp.example", 1688, ["192.0.2.1"])])
    resolver.write_conf()
    resolver.wait_source(1, "stale no name servers")
    resolver.wait_targets([("kms.corp.example", 1688, ["192.0.2.1"])])
    resolver.write_conf(["192.0.2.3"])
    resolver.wait_targets([("kms.corp.example", 1688, ["192.0.2.79"])])


def test_same_servers_again_are_not_asked(network, keep, start):
    """A lease that is renewed writes everything anew."""
    server = keep(ScriptedServer(network.lan, network.host, zone(3600, 3600)))
    resolver = start(search=["corp.example"])
    resolver.wait_source(1, "ok")
    count = len(server.asked)
    text = resolver.conf.read_text()
    with open(resolver.conf, "r+") as conf:  # without a moment in which it is empty
        conf.write(text)
    resolver.set_net("corp.example")
    resolver.set_config(f"relay.upstream=srv:{SERVICE},other.example:1")
    resolver.wait_source(2, "failed")  # by now all of that was seen
    assert [q.name for _, q in server.asked[count:] if q.name != "other.example"] == []


@pytest.mark.parametrize("refusal", [None, REFUSED, SERVFAIL], ids=["drops", "refuses", "fails"])
def test_server_without_answers_for_ipv6(network, keep, start, refusal):
    """What it does say is used, before the question for IPv6 is even repeated."""
    records = {(SERVICE, SRV): [srv(SERVICE, f"h{n}.example", priority=n) for n in range(6)],
               **{(f"h{n}.example", A): [address(f"h{n}.example", f"192.0.2.{n + 1}")] for n in range(6)}}
    answer = Zone(records)

    def without_ipv6(question):
        if question.type != AAAA:
            return answer(question)
        return None if refusal is None else reply(question, code=refusal)
    server = keep(ScriptedServer(network.lan, network.host, without_ipv6))
    resolver = start()
    resolver.wait_source(1, "ok")
    asked = [question.name for _, question in server.asked if question.type == AAAA]
    assert [target.addresses for target in resolver.targets()] == [[f"192.0.2.{n + 1}"] for n in range(6)]
    if resolver.program == PROGRAMS["musl"]:  # the other libc takes a refusal for an answer, and goes on
        assert set(asked) == {"h0.example"}, asked
        assert refusal is not None or len(asked) == 1, f"it waited until musl asked again: {asked}"


def test_addresses_that_are_not_told_any_more(network, keep, start):
    """The service is told, its host's addresses are not: those known stay."""
    answer = zone(5, 5)
    server = keep(ScriptedServer(network.lan, network.host, answer))
    resolver = start()
    resolver.wait_source(1, "ok")
    answer.records[(SERVICE, SRV)].append(srv(SERVICE, "new.example", priority=1, ttl=5))
    server.answer = lambda q: answer(q) if q.type == SRV else None
    record = resolver.wait_record(lambda r: len(r.list("target")) == 2, "two targets")
    first, second = map(parse_target, record.list("target"))
    assert first.addresses == ["192.0.2.1"] and second.addresses == [], record


@pytest.mark.deadline(60)
def test_its_own_end_loses_nothing(network, keep, start):
    """Killed and started again, its record names the targets all the while."""
    server = keep(ScriptedServer(network.lan, network.host, zone(3600, 3600)))
    resolver = start()
    resolver.wait_source(1, "ok")
    before, = resolver.targets()
    answer, server.answer = server.answer, lambda q: None
    count = len(server.asked)
    resolver.kill()
    resolver.start()
    wait_until(lambda: len(server.asked) > count, 20, "it asks again")
    assert resolver.targets() == [before]
    server.answer = answer
    resolver.wait_record(lambda r: r.list("target") and parse_target(r.list("target")[0]).expires_ms > before.expires_ms,
                         "a new answer")


def test_nothing_runs_while_nothing_is_to_do(network, keep, start):
    """No child, and no turn of the processor: the answer is good for an hour."""
    keep(ScriptedServer(network.lan, network.host, zone(3600, 3600)))
    resolver = start()
    resolver.wait_source(1, "ok")
    wait_until(lambda: not resolver.workers() and resolver.descriptors() <= 7, 10, "the worker is gone",
               lambda: f"{resolver.workers()} {resolver.descriptors()}")
    switches = resolver.status("voluntary_ctxt_switches")
    time.sleep(1.5)  # the time in which nothing must happen
    assert resolver.status("voluntary_ctxt_switches") <= switches + 1
