"""The relay finds an upstream that answers, and refuses at once when there is none."""

import itertools
import signal
import socket
import time

import pytest
from relay import Network, assert_equal_bytes, assert_reset, read_exactly, read_to_end, reset
from waiting import wait_until


def assert_served(network, listener, address=None):
    """A connection made now ends up at LISTENER."""
    client = network.connect(address)
    host, _ = listener.accept()
    network.keep(host)
    host.settimeout(20)
    client.sendall(b"question")
    assert_equal_bytes(read_exactly(host, 8), b"question", "question")
    host.sendall(b"answer")
    assert_equal_bytes(read_exactly(client, 6), b"answer", "answer")


def assert_served_beside_probes(network, listener):
    """The same where probes may come too: they end without a byte."""
    client = network.connect()
    client.sendall(b"question")
    while True:
        host, _ = listener.accept()
        network.keep(host)
        host.settimeout(20)
        if host.recv(1, socket.MSG_PEEK):
            break
    assert_equal_bytes(read_exactly(host, 8), b"question", "question")


def test_no_upstream_set(network):
    relay = network.start_relay()
    network.assert_refused_by_reset("without an upstream")
    record = relay.wait_record(lambda r: r.number("connections_refused") == 1, "connections_refused=1")
    assert record["state"] == "no upstream", record
    assert record["hint"] == "set relay.upstream=HOST:PORT", record
    assert record["connections_total"] == "0", record


@pytest.mark.parametrize("client_address", [Network.relay, Network.relay6])
@pytest.mark.parametrize("host_address", [Network.host, Network.host6])
def test_both_families_on_both_sides(network, client_address, host_address):
    listener = network.listen(7001, host_address)
    name = f"[{host_address}]:7001" if ":" in host_address else f"{host_address}:7001"
    relay = network.start_relay(upstream=name)
    assert relay.record()["listen.1"] == "[::]:1688", relay.record()
    assert_served(network, listener, client_address)
    relay.wait_record(lambda r: r.list("upstream") == [f"{name} up"], f"upstream.1={name} up")


def test_refused_by_all(network):
    relay = network.start_relay(upstream=f"{network.host}:7001,{network.host}:7002")
    network.assert_refused_by_reset("with no upstream alive")
    record = relay.wait_record(lambda r: r.number("connections_failed") == 1, "connections_failed=1")
    assert record.list("upstream") == [f"{network.host}:{port} down Connection refused"
                                       for port in (7001, 7002)], record
    assert "hint" in record, record


def test_host_that_accepts_and_resets_is_up(network):
    """However soon the reset comes, it is passed on as one: the client shall decide what it means. The relay
    is stopped while its connection is made and reset, so that it sees both at once."""
    host = "192.0.2.3"
    network.lan.ip("address", "add", f"{host}/24", "dev", "br0")
    listener = network.listen(7001, host)
    network.listen(7002)
    network.black_hole(host)
    relay = network.start_relay(upstream=f"{host}:7001,{network.host}:7002")
    client = network.connect()
    wait_until(lambda: network.box.run("ss", "-Htn", "state", "syn-sent").strip(), 20, "a connection under way")
    relay.child.send_signal(signal.SIGSTOP)
    network.box.ip("neighbour", "delete", host, "dev", "eth0")
    reset(listener.accept()[0])  # at the next SYN, a second after the first
    wait_until(lambda: not network.box.run("ss", "-Htn", "state", "established", "dport = 7001").strip(), 20,
               "the reset has come")
    relay.child.send_signal(signal.SIGCONT)
    assert_reset(client, "reset by the host")
    record = relay.wait_connections(0, 1)
    assert record["connections_failed"] == "0", record
    assert record.list("upstream") == [f"{host}:7001 up", f"{network.host}:7002 unknown"], record


def test_next_when_the_first_refuses_and_back_when_it_lives(network):
    """The second serves while the first is down; when a probe has found the first alive, it serves again."""
    second = network.listen(7002)
    relay = network.start_relay(upstream=f"{network.host}:7001,{network.host}:7002")
    assert_served(network, second)
    relay.wait_record(lambda r: r.list("upstream") == [f"{network.host}:7001 down Connection refused",
                                                       f"{network.host}:7002 up"], "down, up")
    first = network.listen(7001)
    probe, _ = first.accept()
    assert_equal_bytes(read_to_end(probe), b"", "what a probe sends")
    relay.wait_record(lambda r: r.list("upstream") == [f"{network.host}:7001 up", f"{network.host}:7002 up"], "up, up")
    assert_served(network, first)
    second.settimeout(0)
    with pytest.raises(BlockingIOError):
        second.accept()


def test_last_resort(network):
    """Who finds the last live one dead tries the one that had refused, though no probe has found it alive yet."""
    second = network.listen(7002)
    relay = network.start_relay(upstream=f"{network.host}:7001,{network.host}:7002")
    assert_served(network, second)
    relay.wait_record(lambda r: r.list("upstream")[0].endswith("refused"), "the first is down")
    second.close()
    first = network.listen(7001)
    assert_served_beside_probes(network, first)


def test_all_down_is_refused_at_once(network):
    """With all down nobody waits: neither for a black hole, nor for the next probe."""
    network.black_hole("192.0.2.9")
    relay = network.start_relay(upstream="192.0.2.9:7001", connect_timeout_s=1)
    network.assert_refused_by_reset("a black hole")
    relay.wait_record(lambda r: r.list("upstream") == ["192.0.2.9:7001 down no answer"], "down")
    for _ in range(20):
        began = relay.record().number("connections_failed")
        network.assert_refused_by_reset("with all down")
        relay.wait_record(lambda r: r.number("connections_failed") == began + 1, "connections_failed")
    ticks = network.box.run("ss", "-Htn", "state", "syn-sent").strip().splitlines()
    assert len(ticks) <= 1, f"expected at most a probe to wait, got {ticks}"


def resets_sent(network):
    """How many RST the host has sent: OutRsts."""
    names, values = [line.split() for line in network.lan.run("cat", "/proc/net/snmp").splitlines() if line.startswith("Tcp:")]
    return int(values[names.index("OutRsts")])


def probe_times(network, count):
    """When the next COUNT probes were refused."""
    times = []
    for _ in range(count):
        last = resets_sent(network)
        wait_until(lambda: resets_sent(network) > last, 30, "one more probe")
        times.append(time.monotonic())
    return times


@pytest.fixture
def settled(network):
    """Its addresses come to no end any more, which would be a change."""
    def settled():
        return not any("tentative" in a for link in network.box.links().values() for a in link["addr_info"])
    wait_until(settled, 20, "no address is tentative", network.box.links)
    return network


def test_probes_back_off(settled):
    """A host that stays away is asked ever less often."""
    network = settled
    relay = network.start_relay(upstream=f"{network.host}:7001")
    network.assert_refused_by_reset("nobody listens")
    times = probe_times(network, 4)
    gaps = [b - a for a, b in zip(times, times[1:])]
    assert gaps[0] < gaps[1] < gaps[2], f"expected the waits between probes to grow, got {gaps}"
    assert relay.record().list("upstream") == [f"{network.host}:7001 down Connection refused"], relay.record()


@pytest.mark.deadline(90)
def test_probes_begin_anew_with_the_network(settled):
    """A network that has come back is used at once: nobody waits for a probe that was put off while it was gone."""
    network = settled
    network.start_relay(upstream=f"{network.host}:7001")
    network.assert_refused_by_reset("nobody listens")
    gaps = [b - a for a, b in itertools.pairwise(probe_times(network, 5))]
    network.box.ip("address", "add", "198.51.100.1/24", "dev", "eth0")
    changed = time.monotonic()
    again = probe_times(network, 1)[0] - changed
    assert again < gaps[-1] / 2, f"expected a probe sooner than in half of {gaps[-1]:.1f} s, it came after {again:.1f} s"


def test_next_when_the_first_says_nothing(network):
    """A black hole costs the first client its wait; those after it none."""
    black_hole = "192.0.2.9"
    network.black_hole(black_hole)
    listener = network.listen(7002)
    relay = network.start_relay(upstream=f"{black_hole}:7001,{network.host}:7002", connect_timeout_s=1)
    assert_served(network, listener)
    record = relay.wait_record(lambda r: r.list("upstream") == [f"{black_hole}:7001 down no answer",
                                                               f"{network.host}:7002 up"], "no answer, up")
    assert record["connections_failed"] == "0", record
    for _ in range(20):
        client = network.connect()
        listener.accept()[0].close()
        client.close()
        waiting = network.box.run("ss", "-Htn", "state", "syn-sent").strip().splitlines()
        assert len(waiting) <= 1, f"expected at most the probe to wait for the black hole, got {waiting}"


@pytest.mark.deadline(60)
def test_only_black_holes(network):
    """The client is refused after a few of them, not kept waiting for all."""
    hosts = [f"192.0.2.{number}" for number in range(100, 116)]
    for host in hosts:
        network.black_hole(host)
    relay = network.start_relay(upstream=",".join(f"{host}:7001" for host in hosts), connect_timeout_s=2)
    network.assert_refused_by_reset("with black holes only")
    record = relay.wait_record(lambda r: r.number("connections_failed") == 1, "connections_failed=1")
    states = [line.split(" ", 1)[1] for line in record.list("upstream")]
    assert states == ["down no answer"] * 4 + ["unknown"] * 12, record


def test_next_when_there_is_no_way_to_the_first(network):
    network.box.ip("route", "add", "unreachable", "198.51.100.0/24")
    listener = network.listen(7002)
    relay = network.start_relay(upstream=f"198.51.100.1:7001,{network.host}:7002")
    assert_served(network, listener)
    relay.wait_record(lambda r: r.list("upstream")[0].startswith("198.51.100.1:7001 down ")
                      and r.list("upstream")[1].endswith(" up"), "down, up")


@pytest.mark.parametrize("outside, route", [("198.51.100.7", "198.51.100.0/24"), ("2001:db8:9::7", "2001:db8:9::/48")])
def test_without_a_route_it_is_down_before_any_client(network, outside, route):
    """And as unknown as any other as soon as there is one."""
    name = f"[{outside}]:7001" if ":" in outside else f"{outside}:7001"
    relay = network.start_relay(upstream=name)
    relay.wait_record(lambda r: r.list("upstream") == [f"{name} down no route to it"],
                      f"{name} down no route to it")
    network.assert_refused_by_reset("with no route to the upstream")
    network.lan.ip("address", "add", outside, "dev", "lo")
    listener = network.listen(7001, outside)
    network.box.ip("route", "add", route, "via", network.host6 if ":" in outside else network.host)
    relay.wait_record(lambda r: r.list("upstream") == [f"{name} unknown"], f"{name} unknown")
    assert_served(network, listener)
    network.box.ip("route", "del", route)
    relay.wait_record(lambda r: r.list("upstream") == [f"{name} down no route to it"], f"{name} down no route to it")
