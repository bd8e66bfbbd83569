"""The resolver finds hosts and services at real name servers, and says in words why it does not."""

import pytest
from relay import Network
from resolver import parse_target
from servers import Dnsmasq, Named

SERVICE = "_vlmcs._tcp"
UPSTREAM = f"srv:{SERVICE}"
HOST_LINES = ("kms A 192.0.2.1", "kms AAAA 2001:db8::1")


@pytest.fixture
def network(keep, tmp_path):
    return Network(keep, tmp_path)


@pytest.fixture
def named(keep, network, tmp_path):
    return lambda zones, **options: keep(Named(network.lan, tmp_path, zones, **options).start())


def test_service_in_the_search_domain(network, keep, tmp_path, start):
    keep(Dnsmasq(network.lan, tmp_path, f"srv-host={SERVICE}.corp.example,kms.corp.example,1688,0,100",
                 f"srv-host={SERVICE}.corp.example,spare.corp.example,1689,10,0",
                 f"host-record=kms.corp.example,{network.host},{network.host6}",
                 f"host-record=spare.corp.example,{network.host}", "local=/example/").start())
    resolver = start(search=["corp.example"])
    record = resolver.wait_source(1, f"ok {SERVICE}.corp.example")
    assert record["setting"] == f"srv:{SERVICE}" and record["left_out"] == "0", record
    first, second = resolver.targets()
    assert first[:5] == (1, 0, 100, 1688, "kms.corp.example") and first.addresses == [network.host6, network.host]
    assert second[:5] == (1, 10, 0, 1689, "spare.corp.example") and second.addresses == [network.host]
    assert resolver.workers() == []


@pytest.mark.parametrize("server", ["192.0.2.1", "2001:db8::1", "link-local"])
def test_name_servers_of_both_families(network, named, start, server):
    if server == "link-local":
        own, = [a for a in network.lan.addresses("br0", "inet6") if a.startswith("fe80:")]
        server = f"{own}%eth0"
    named({"corp.example": HOST_LINES})
    resolver = start("kms.corp.example:7001,192.0.2.9:7002", servers=[server])
    resolver.wait_targets([("kms.corp.example", 7001, [network.host6, network.host])])
    assert resolver.record()["source.1"] == "ok" and "source.2" not in resolver.record()


def test_hundred_records_come_by_tcp(named, start):
    """The best 32 of them are kept, the rest is counted."""
    lines = [f"{SERVICE} SRV {100 - n} 0 1688 host-number-{n}" for n in range(100)]
    lines += [f"host-number-{n} A 192.0.2.{n + 100}" for n in range(100)]
    named({"corp.example": lines})
    resolver = start(f"srv:{SERVICE}.corp.example")
    record = resolver.wait_source(1, "ok")
    assert record["left_out"] == "68", record
    targets = resolver.targets()
    assert [(t.priority, t.host, t.addresses) for t in targets] == [
        (100 - n, f"host-number-{n}.corp.example", [f"192.0.2.{n + 100}"]) for n in range(99, 67, -1)]


def test_cname_chains(named, start):
    """To the service, through three names, and to its host."""
    named({"corp.example": [f"{SERVICE} CNAME one", "one CNAME two", "two CNAME three",
                            "three SRV 0 0 1688 alias", "alias CNAME kms", *HOST_LINES]})
    resolver = start(f"srv:{SERVICE}.corp.example")
    resolver.wait_targets([("alias.corp.example", 1688, [Network.host6, Network.host])])


def test_more_addresses_than_fit(named, start):
    lines = [f"kms A 198.51.100.{n}" for n in range(1, 13)] + ["kms AAAA 2001:db8::1", "kms AAAA 2001:db8::2"]
    named({"corp.example": lines})
    resolver = start("kms.corp.example:7001")
    assert resolver.wait_source(1, "ok")["left_out"] == "6", resolver.record()
    target, = resolver.targets()
    assert len(target.addresses) == 8
    assert [":" in address for address in target.addresses] == [True, False, True] + 5 * [False], target


def test_first_domain_that_has_it(named, start):
    named({"a.example": [], "b.example": [f"{SERVICE} SRV 0 0 1688 kms", *HOST_LINES],
           "c.example": [f"{SERVICE} SRV 0 0 1688 other", "other A 192.0.2.3"]})
    resolver = start(search=["a.example", "b.example", "c.example"])
    resolver.wait_source(1, f"ok {SERVICE}.b.example")
    resolver.wait_targets([("kms.b.example", 1688, [Network.host6, Network.host])])


def test_host_of_one_label(named, start):
    named({"a.example": [], "b.example": HOST_LINES})
    resolver = start("kms:7001", search=["a.example", "b.example"])
    resolver.wait_targets([("kms.b.example", 7001, [Network.host6, Network.host])])


def test_search_domain_comes_later(named, start):
    """By net's record; the setting goes before it."""
    named({domain: [f"{SERVICE} SRV 0 0 1688 kms", *HOST_LINES] for domain in ("net.example", "set.example")})
    resolver = start()
    resolver.wait_source(1, "waiting no search domain yet")
    resolver.set_net("net.example")
    resolver.wait_source(1, f"ok {SERVICE}.net.example")
    resolver.set_config(f"relay.upstream=srv:{SERVICE}", "search=set.example")
    resolver.wait_source(1, f"ok {SERVICE}.set.example")
    resolver.wait_targets([("kms.set.example", 1688, [Network.host6, Network.host])])


WORDS = {
    "nxdomain": ([], f"failed NXDOMAIN: no such name {SERVICE}.corp.example"),
    "no SRV record": ([f"{SERVICE} TXT x"], f"failed no SRV record at {SERVICE}.corp.example"),
    "no such service": ([f"{SERVICE} SRV 0 0 0 ."], f"failed {SERVICE}.corp.example: this domain has no such service"),
    "port 0": ([f"{SERVICE} SRV 0 0 0 kms", *HOST_LINES], f"failed {SERVICE}.corp.example: no record that can be used"),
    "bad name": ([f"{SERVICE} SRV 0 0 1688 k\\255ms"], f"failed {SERVICE}.corp.example: no record that can be used"),
    "no address": ([f"{SERVICE} SRV 0 0 1688 nobody"], "failed no address for nobody.corp.example"),
    "cname loop": ([f"{SERVICE} CNAME b", f"b CNAME {SERVICE}"],
                   f"waiting SERVFAIL: the name servers could not find out about {SERVICE}.corp.example"),
    "broken zone": (None, f"waiting SERVFAIL: the name servers could not find out about {SERVICE}.corp.example"),
    "other zone": ("other", f"waiting REFUSED: the name servers do not answer for {SERVICE}.corp.example"),
}


@pytest.mark.parametrize("case", WORDS)
def test_why_there_is_none(named, start, case):
    lines, expected = WORDS[case]
    named({"corp.example" if lines != "other" else "other.example": [] if lines == "other" else lines})
    resolver = start(f"srv:{SERVICE}.corp.example")
    record = resolver.wait_source(1, expected)
    assert record["source.1"] == expected and not record.list("target"), record


@pytest.mark.parametrize("before", [{"corp.example": []}, {"corp.example": None}])
def test_service_that_comes_later(named, start, before):
    """After an answer that there is none, and after no answer."""
    server = named(before)
    resolver = start(f"srv:{SERVICE}.corp.example")
    resolver.wait_source(1, "failed" if before["corp.example"] is not None else "waiting SERVFAIL:")
    server.stop()
    server.zones = {"corp.example": [f"{SERVICE} SRV 0 0 1688 kms", *HOST_LINES]}
    server.start()
    resolver.wait_source(1, "ok")


def test_service_and_hosts_side_by_side(named, start):
    """One item that fails holds nobody up; each keeps its number in the setting."""
    named({"corp.example": [f"{SERVICE} SRV 0 5 1688 kms", *HOST_LINES, "alone A 192.0.2.7"]})
    resolver = start(f"192.0.2.5:1,nobody.corp.example:2,srv:{SERVICE}.corp.example,alone.corp.example:3")
    resolver.wait_targets([("kms.corp.example", 1688, [Network.host6, Network.host]),
                           ("alone.corp.example", 3, ["192.0.2.7"])])
    record = resolver.wait_source(2, "failed NXDOMAIN: no such name nobody.corp.example")
    assert "source.1" not in record and record["source.3"] == record["source.4"] == "ok", record
    assert [target.source for target in map(parse_target, record.list("target"))] == [3, 4], record


def test_no_upstream_and_then_one(named, start):
    named({"corp.example": HOST_LINES})
    resolver = start("")
    assert resolver.record() == {"setting": "", "left_out": "0"}
    resolver.set_config("relay.upstream=kms.corp.example:7001")
    resolver.wait_targets([("kms.corp.example", 7001, [Network.host6, Network.host])])
    resolver.set_config("relay.upstream=192.0.2.3:7001")
    resolver.wait_record(lambda record: record == {"setting": "192.0.2.3:7001", "left_out": "0"}, "no source is left")
