"""The relay finds an upstream that answers, and refuses at once when there is none."""

import signal

import pytest
from relay import Network, assert_equal_bytes, assert_reset, read_exactly, reset
from servers import Dnsmasq
from waiting import wait_until


@pytest.fixture
def network(keep, tmp_path):
    return Network(keep, tmp_path)


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
    second = network.listen(7002)
    relay = network.start_relay(upstream=f"{network.host}:7001,{network.host}:7002")
    assert_served(network, second)
    relay.wait_record(lambda r: r.list("upstream") == [f"{network.host}:7001 down Connection refused",
                                                       f"{network.host}:7002 up"], "down, up")
    first = network.listen(7001)
    assert_served(network, second)  # the one that worked last is asked first
    second.close()
    assert_served(network, first)
    relay.wait_record(lambda r: r.list("upstream") == [f"{network.host}:7001 up",
                                                       f"{network.host}:7002 down Connection refused"],
                      "up, down")


def test_next_when_the_first_says_nothing(network):
    """A black hole costs the first client its wait; those after it none."""
    black_hole = "192.0.2.9"
    network.black_hole(black_hole)
    listener = network.listen(7002)
    relay = network.start_relay(upstream=f"{black_hole}:7001,{network.host}:7002")
    assert_served(network, listener)
    record = relay.wait_record(lambda r: r.list("upstream") == [f"{black_hole}:7001 down no answer",
                                                               f"{network.host}:7002 up"], "no answer, up")
    assert record["connections_failed"] == "0", record
    for _ in range(20):
        client = network.connect()
        waiting = network.box.run("ss", "-Htn", "state", "syn-sent")
        assert not waiting.strip(), f"expected nobody to wait for the black hole, got {waiting}"
        listener.accept()[0].close()
        client.close()


@pytest.mark.deadline(60)
def test_only_black_holes(network):
    """The client is refused after a few of them, not kept waiting for all."""
    hosts = [f"192.0.2.{number}" for number in range(100, 116)]
    for host in hosts:
        network.black_hole(host)
    relay = network.start_relay(upstream=",".join(f"{host}:7001" for host in hosts))
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


def start_with_name_servers(network, tmp_path, server, **settings):
    """The relay with an /etc/resolv.conf of its own, which may be rewritten in place."""
    path = tmp_path / "resolv.conf"
    path.write_text(f"nameserver {server}\n")
    return path, network.start_relay(
        ("unshare", "--mount", "sh", "-c", f'mount --bind {path} /etc/resolv.conf && exec "$0"'), **settings)


def test_name(network, keep, tmp_path):
    keep(Dnsmasq(network.lan, tmp_path, f"host-record=host.example,{network.host}",
                 "local=/example/").start())
    listener = network.listen(7001)
    _, relay = start_with_name_servers(network, tmp_path, network.host, upstream="host.example:7001")

    def resolved():
        assert_served(network, listener)
        return True
    wait_until(resolved, 20, "the name is resolved")
    relay.wait_record(lambda r: r.list("upstream") == ["host.example:7001 up"], "host.example:7001 up")


def test_name_that_does_not_exist(network, keep, tmp_path):
    keep(Dnsmasq(network.lan, tmp_path, "local=/example/").start())
    listener = network.listen(7001)
    _, relay = start_with_name_servers(network, tmp_path, network.host,
                                       upstream=f"nobody.example:7001,{network.host}:7001")
    relay.wait_record(lambda r: r.list("upstream")[0] == "nobody.example:7001 down this name has no address",
                      "the name has no address")
    assert_served(network, listener)


def test_name_servers_that_come_later(network, keep, tmp_path):
    """Nobody answers at first; when the configuration names another server, it is asked at once, though the
    first question has not come to its end. Meanwhile the relay serves by what it knows."""
    network.black_hole("192.0.2.9")
    keep(Dnsmasq(network.lan, tmp_path, f"host-record=host.example,{network.host6}",
                 "local=/example/").start())
    literal, named = network.listen(7001), network.listen(7002, network.host6)
    path, relay = start_with_name_servers(network, tmp_path, "192.0.2.9",
                                          upstream=f"host.example:7002,{network.host}:7001")
    assert_served(network, literal)
    path.write_text(f"nameserver {network.host}\n# that is another one\n")
    literal.close()

    def resolved():
        client = network.connect()
        host, _ = named.accept()
        client.close()
        host.close()
        return True
    named.settimeout(0.5)
    # The first question would go on for 8 s.
    wait_until(resolved, 6, "the name is resolved by the other server", lambda: relay.record())


def test_resolver_process_is_gone_after_the_answer(network, keep, tmp_path):
    keep(Dnsmasq(network.lan, tmp_path, f"host-record=host.example,{network.host}",
                 "local=/example/").start())
    _, relay = start_with_name_servers(network, tmp_path, network.host, upstream="host.example:7001")
    children = f"/proc/{relay.child.pid}/task/{relay.child.pid}/children"
    relay.wait_record(lambda r: not open(children).read(), "no child process is left")
    wait_until(lambda: sum(relay.descriptors().values()) <= 7, 20, "the resolver's socket is closed",
               lambda: relay.descriptors())
