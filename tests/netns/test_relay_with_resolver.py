"""Relay and resolver together: the host is found by DNS, its families are raced, priorities and new answers are followed."""

import collections
import socket

import pytest
from relay import assert_equal_bytes, read_exactly
from resolver import Resolver
from servers import Dnsmasq
from waiting import wait_until

ZONE = "example"


class Discovered:
    """A relay whose upstream is UPSTREAM, with a resolver beside it that asks a dnsmasq with LINES."""

    def __init__(self, network, keep, tmp_path, upstream, *lines, search=(ZONE,), **settings):
        self.network = network
        self.dns = keep(Dnsmasq(network.lan, tmp_path, f"local=/{ZONE}/", *lines)).start()
        self.relay = network.start_relay(upstream=upstream, **settings)
        self.resolver = keep(Resolver(network.box, tmp_path, servers=[network.host], search=search,
                                      run_dir=self.relay.run_dir))

    def served_by(self, *listeners):
        """Which of LISTENERS gets a connection that is made now; a probe's ends without a byte."""
        client = self.network.connect()
        client.sendall(b"question")
        for sock in listeners:
            sock.settimeout(0.05)
        found = []

        def look():
            for listener in listeners:
                try:
                    host, _ = listener.accept()
                except TimeoutError:
                    continue
                host.settimeout(20)
                if host.recv(1, socket.MSG_PEEK):
                    assert_equal_bytes(read_exactly(host, 8), b"question", "question")
                    found.append(listener)
                host.close()
            return found
        wait_until(look, 20, "a host is asked", self.relay.record)
        client.close()
        return found[0]

    def change(self, *lines):
        """Another configuration of the name server; what was answered before is forgotten by its TTL."""
        self.dns.lines = [f"local=/{ZONE}/", *lines]
        self.dns.restart()


@pytest.fixture
def discovered(network, keep, tmp_path):
    def make(upstream, *lines, **settings):
        return Discovered(network, keep, tmp_path, upstream, *lines, **settings)
    return make


def test_service(network, discovered):
    listener = network.listen(7001)
    pair = discovered("srv:_kms._tcp", f"srv-host=_kms._tcp.{ZONE},host.{ZONE},7001", f"host-record=host.{ZONE},{network.host}")
    pair.relay.wait_record(lambda r: r.list("upstream") == [f"host.{ZONE}:7001 unknown"], "found")
    assert pair.served_by(listener) is listener
    record = pair.relay.wait_record(lambda r: r.list("upstream") == [f"host.{ZONE}:7001 up"], "up")
    assert record["source.1"] == f"srv:_kms._tcp ok _kms._tcp.{ZONE}", record
    assert record["upstream_source.1"] == f"srv:_kms._tcp.{ZONE}", record
    assert record.number("upstream_connect_us.1") > 0, record


def test_name(network, discovered):
    listener = network.listen(7001)
    pair = discovered(f"host.{ZONE}:7001", f"host-record=host.{ZONE},{network.host}")
    pair.relay.wait_record(lambda r: r.list("upstream") == [f"host.{ZONE}:7001 unknown"], "found")
    assert pair.served_by(listener) is listener
    assert pair.relay.record()["upstream_source.1"] == "name", pair.relay.record()


def test_name_that_does_not_exist(network, discovered):
    listener = network.listen(7001)
    pair = discovered(f"nobody.{ZONE}:7001,{network.host}:7001")
    record = pair.relay.wait_record(lambda r: " failed " in r.get("source.1", ""), "failed")
    assert "NXDOMAIN" in record["source.1"], record
    assert record.list("upstream") == [f"{network.host}:7001 unknown"], record
    assert pair.served_by(listener) is listener


def test_nothing_found_is_refused_at_once(network, discovered):
    pair = discovered("srv:_kms._tcp")
    record = pair.relay.wait_record(lambda r: " failed " in r.get("source.1", ""), "failed")
    assert record["state"] == "ready" and "hint" in record, record
    network.assert_refused_by_reset("without a target")


def test_priority_and_return(network, discovered):
    """The lower priority number serves; the higher one only while the other is down."""
    second = network.listen(7002)
    pair = discovered("srv:_kms._tcp", f"srv-host=_kms._tcp.{ZONE},a.{ZONE},7001,1", f"srv-host=_kms._tcp.{ZONE},b.{ZONE},7002,2",
                      f"host-record=a.{ZONE},{network.host}", f"host-record=b.{ZONE},{network.host}")
    pair.relay.wait_record(lambda r: len(r.list("upstream")) == 2, "two targets")
    assert pair.served_by(second) is second
    first = network.listen(7001)
    pair.relay.wait_record(lambda r: r.list("upstream")[0] == f"a.{ZONE}:7001 up", "the first is back")
    for _ in range(5):
        assert pair.served_by(first, second) is first


def test_weights(network, discovered):
    light, heavy = network.listen(7001), network.listen(7002)
    pair = discovered("srv:_kms._tcp", f"srv-host=_kms._tcp.{ZONE},a.{ZONE},7001,1,10",
                      f"srv-host=_kms._tcp.{ZONE},b.{ZONE},7002,1,90",
                      f"host-record=a.{ZONE},{network.host}", f"host-record=b.{ZONE},{network.host}")
    pair.relay.wait_record(lambda r: len(r.list("upstream")) == 2, "two targets")
    served = collections.Counter(pair.served_by(light, heavy) is heavy for _ in range(100))
    # 90 of 100; five standard deviations are 15.
    assert 75 <= served[True] <= 99, served


@pytest.mark.parametrize("broken", ["ipv6", "ipv4"])
def test_families_are_raced(network, discovered, broken):
    """One family of a host leads nowhere: the other one serves within the first client's patience, and at once later."""
    four, six = ("192.0.2.9", "2001:db8::1") if broken == "ipv4" else (network.host, "2001:db8::9")
    listener = network.listen(7001, network.host6 if broken == "ipv4" else network.host)
    network.black_hole("192.0.2.9")
    network.black_hole("2001:db8::9")
    pair = discovered(f"host.{ZONE}:7001", f"host-record=host.{ZONE},{four},{six}", connect_timeout_s=30)
    pair.relay.wait_record(lambda r: r.list("upstream") == [f"host.{ZONE}:7001 unknown"], "found")
    assert pair.served_by(listener) is listener  # within 20 s, where the time-out of a connection is 30 s
    record = pair.relay.wait_record(lambda r: r.list("upstream") == [f"host.{ZONE}:7001 up"], "up")
    if broken == "ipv6":  # IPv6 is tried first, IPv4 a quarter of a second later
        assert record.number("connect_p50_us") >= 250_000, record
    for _ in range(10):
        assert pair.served_by(listener) is listener
    waiting = network.box.run("ss", "-Htn", "state", "syn-sent")
    assert not waiting.strip(), f"expected no connection under way, got {waiting}"


def test_a_refusing_family_costs_no_wait(network, discovered):
    listener = network.listen(7001)  # IPv4 only: IPv6 refuses
    pair = discovered(f"host.{ZONE}:7001", f"host-record=host.{ZONE},{network.host},{network.host6}")
    pair.relay.wait_record(lambda r: r.list("upstream") == [f"host.{ZONE}:7001 unknown"], "found")
    assert pair.served_by(listener) is listener
    record = pair.relay.wait_record(lambda r: r.list("upstream") == [f"host.{ZONE}:7001 up"], "up")
    assert record["connections_failed"] == "0", record


def test_new_answer_is_followed(network, discovered):
    """The record moves to another host: after its TTL new sessions go there, old ones stay."""
    old, new = network.listen(7001), network.listen(7002)
    host = f"host-record=host.{ZONE},{network.host},1"
    pair = discovered("srv:_kms._tcp", f"srv-host=_kms._tcp.{ZONE},host.{ZONE},7001", host, "local-ttl=1")
    pair.relay.wait_record(lambda r: len(r.list("upstream")) == 1, "found")
    client, held = network.connect(), None
    client.sendall(b"x")
    old.settimeout(20)
    held, _ = old.accept()
    held.settimeout(20)
    assert_equal_bytes(read_exactly(held, 1), b"x", "the first session")
    pair.change(f"srv-host=_kms._tcp.{ZONE},host.{ZONE},7002", host, "local-ttl=1")
    pair.relay.wait_record(lambda r: [line.split()[0] for line in r.list("upstream")] == [f"host.{ZONE}:7002"], "moved", 40)
    assert pair.served_by(old, new) is new
    client.sendall(b"still here")
    assert_equal_bytes(read_exactly(held, 10), b"still here", "the first session")


def test_the_relay_found_by_its_own_record(network, discovered):
    """The record that leads clients to the relay leads the relay to itself: refused, and said."""
    pair = discovered("srv:_kms._tcp", f"srv-host=_kms._tcp.{ZONE},relay.{ZONE},1688", f"host-record=relay.{ZONE},{network.relay}")
    record = pair.relay.wait_record(lambda r: len(r.list("upstream")) == 1, "found")
    assert record.list("upstream") == [f"relay.{ZONE}:1688 down this is the relay itself"], record
    network.assert_refused_by_reset("no upstream but the relay itself")


def test_relay_outlives_its_resolver(network, discovered):
    """What the resolver found stays in force while it is down, and literals need none."""
    listener = network.listen(7001)
    pair = discovered(f"host.{ZONE}:7001,{network.host}:7001", f"host-record=host.{ZONE},{network.host}")
    pair.relay.wait_record(lambda r: len(r.list("upstream")) == 2, "found")
    pair.resolver.child.kill()
    pair.resolver.child.wait()
    assert pair.served_by(listener) is listener
    assert len(pair.relay.record().list("upstream")) == 2, pair.relay.record()
    (pair.relay.run_dir / "resolver/upstreams").unlink()
    pair.resolver.start()
    pair.relay.wait_record(lambda r: len(r.list("upstream")) == 2, "found again")
    assert pair.served_by(listener) is listener
