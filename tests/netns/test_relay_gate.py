"""The relay lets in whom it should, follows its networks as they change, and takes itself for no upstream."""

import re
import signal
import socket

import pytest
from netns import Namespace, connect_veth
from relay import assert_equal_bytes, assert_reset, read_exactly, read_to_end
from waiting import wait_until


def add_stranger(network, address="203.0.113.7", prefix=24):
    """A client behind a router, in a network that the relay is not in."""
    stranger = network.keep(Namespace("stranger"))
    connect_veth(stranger, "eth0", network.lan, "toward")
    network.lan.sysctl("net.ipv4.ip_forward", 1)
    network.lan.sysctl("net.ipv6.conf.all.forwarding", 1)
    router = "2001:db8:7::1" if ":" in address else "203.0.113.1"
    nodad = ["nodad"] if ":" in address else []
    network.lan.ip("address", "add", f"{router}/{prefix}", "dev", "toward", *nodad)
    stranger.ip("address", "add", f"{address}/{prefix}", "dev", "eth0", *nodad)
    stranger.ip("route", "add", "default", "via", router)
    network.box.ip("route", "add", "default", "via", network.host6 if ":" in address else network.host)
    return stranger


def assert_refused(namespace, address):
    try:
        with namespace.connect(address, 1688, 20) as client:
            assert_reset(client, f"a client of {namespace.name}")
    except ConnectionResetError:
        pass


def assert_served(network, listener, namespace, address):
    with namespace.connect(address, 1688, 20) as client:
        host, _ = listener.accept()
        network.keep(host)
        host.settimeout(20)
        client.sendall(b"question")
        assert_equal_bytes(read_exactly(host, 8), b"question", "question")


@pytest.mark.parametrize("client, relay_address", [("203.0.113.7", "192.0.2.2"), ("2001:db8:7::7", "2001:db8::2")])
def test_only_on_link_by_default(network, client, relay_address):
    listener = network.listen(7001)
    relay = network.start_relay(upstream=f"{network.host}:7001")
    stranger = add_stranger(network, client, 64 if ":" in client else 24)
    assert_refused(stranger, relay_address)
    assert_refused(stranger, relay_address)
    assert_served(network, listener, network.lan, relay_address)
    record = relay.wait_record(lambda r: r.number("refused_not_allowed") == 2, "refused_not_allowed=2")
    assert record.list("allow") == ["on-link"], record
    assert {"192.0.2.0/24", "2001:db8::/64"} <= set(record.list("on_link")), record
    assert record["connections_refused"] == "2" and record["connections_total"] == "1", record
    lines = [line for line in relay.log_text().splitlines() if "refused" in line]
    assert lines == [f"<4>client {client} refused: not in relay.allow"], lines


@pytest.mark.parametrize("client, router, relay_address, wide", [
    ("203.0.113.7", "192.0.2.1", "192.0.2.2", "128.0.0.0/1"), ("2001:db8:7::7", "2001:db8::1", "2001:db8::2", "2000::/3")])
def test_half_the_world_is_not_on_link(network, client, router, relay_address, wide):
    """Whatever a router or DHCP server says."""
    listener = network.listen(7001)
    stranger = add_stranger(network, client, 64 if ":" in client else 24)
    network.box.ip("route", "add", client, "via", router)
    network.box.ip("route", "add", wide, "dev", "eth0")
    relay = network.start_relay(upstream=f"{network.host}:7001")
    assert_refused(stranger, relay_address)
    assert_served(network, listener, network.lan, relay_address)
    assert wide not in relay.record().list("on_link")
    assert "1 networks are wider than /8, or /32 of IPv6: they do not count as on-link" in relay.log_text()


def test_prefixes_that_are_set(network):
    listener = network.listen(7001)
    relay = network.start_relay(upstream=f"{network.host}:7001", allow="203.0.113.0/28,2001:db8::/32")
    stranger = add_stranger(network)
    assert_served(network, listener, stranger, network.relay)
    assert_refused(network.lan, network.relay)  # on-link is not in the list
    assert_served(network, listener, network.lan, network.relay6)
    record = relay.record()
    assert record.list("allow") == ["203.0.113.0/28", "2001:db8::/32"] and not record.list("on_link"), record


def test_renumbering(network):
    """What is on-link is asked anew at each change: the old network's clients are strangers then."""
    listener = network.listen(7001)
    relay = network.start_relay(upstream=f"{network.host}:7001")
    assert_served(network, listener, network.lan, network.relay)
    network.lan.ip("address", "add", "198.51.100.1/24", "dev", "br0")
    network.box.ip("address", "add", "198.51.100.2/24", "dev", "eth0")
    relay.wait_record(lambda r: "198.51.100.0/24" in r.list("on_link"), "198.51.100.0/24 is on-link")
    assert_served(network, listener, network.lan, "198.51.100.2")
    network.box.ip("address", "del", "192.0.2.2/24", "dev", "eth0")
    relay.wait_record(lambda r: "192.0.2.0/24" not in r.list("on_link"), "192.0.2.0/24 is on-link no more")
    network.box.ip("route", "add", "192.0.2.0/24", "via", "198.51.100.1")
    with pytest.raises(ConnectionResetError), network.lan.entered():
        with socket.create_connection(("198.51.100.2", 1688), 20, (network.host, 0)) as client:
            client.recv(1)


def test_the_first_client_of_a_new_network(network):
    """It comes while the relay has not yet looked at what the kernel told it of the network."""
    listener = network.listen(7001)
    relay = network.start_relay(upstream=f"{network.host}:7001")
    network.lan.ip("address", "add", "198.51.100.1/24", "dev", "br0")
    relay.child.send_signal(signal.SIGSTOP)
    network.box.ip("address", "add", "198.51.100.2/24", "dev", "eth0")
    with network.lan.connect("198.51.100.2", 1688, 20) as client:
        relay.child.send_signal(signal.SIGCONT)
        network.keep(listener.accept()[0]).sendall(b"answer")
        assert_equal_bytes(read_exactly(client, 6), b"answer", "answer")


def test_limit_for_each_client(network):
    listener = network.listen(7001)
    relay = network.start_relay(upstream=f"{network.host}:7001", max_connections=10, max_connections_per_client=2)
    network.lan.ip("address", "add", "192.0.2.50/24", "dev", "br0")
    kept = [network.session(listener) for _ in range(2)]
    network.assert_refused_by_reset("the third connection of a client")
    with network.lan.entered():
        other = network.keep(socket.create_connection((network.relay, 1688), 20, ("192.0.2.50", 0)))
    host = network.keep(listener.accept()[0])
    host.settimeout(20)
    other.sendall(b"x")
    assert_equal_bytes(read_exactly(host, 1), b"x", "another client")
    relay.wait_record(lambda r: r.number("refused_client_full") == 1, "refused_client_full=1")
    for sock in kept.pop():
        sock.close()
    relay.wait_connections(2, 3)
    network.session(listener)


@pytest.mark.parametrize("upstream", ["192.0.2.2:1688", "[2001:db8::2]:1688", "127.0.0.1:1688", "0.0.0.0:1688"])
def test_the_relay_itself_is_no_upstream(network, upstream):
    relay = network.start_relay(upstream=upstream)
    network.assert_refused_by_reset("no upstream but the relay itself")
    record = relay.wait_record(lambda r: r.number("connections_failed") == 1, "connections_failed=1")
    assert record.list("upstream") == [f"{upstream} down this is the relay itself"], record
    assert record["connections_total"] == "1", record


def test_an_address_that_becomes_the_relays_own(network):
    """Nobody loops when the relay gets its upstream's address by the next lease; it serves again once that has gone."""
    network.lan.ip("address", "add", "192.0.2.60/24", "dev", "br0")
    listener = network.listen(1688, "192.0.2.60")
    relay = network.start_relay(upstream="192.0.2.60:1688")
    assert_served(network, listener, network.lan, network.relay)
    network.box.ip("address", "add", "192.0.2.60/24", "dev", "eth0")
    relay.wait_record(lambda r: r.list("upstream") == ["192.0.2.60:1688 down this is the relay itself"], "refused")
    network.assert_refused_by_reset("no upstream but the relay itself")
    network.box.ip("address", "del", "192.0.2.60/24", "dev", "eth0")
    relay.wait_record(lambda r: r.list("upstream") == ["192.0.2.60:1688 unknown"], "unknown")
    assert_served(network, listener, network.lan, network.relay)


def test_who_says_nothing(network):
    listener = network.listen(7001)
    relay = network.start_relay(upstream=f"{network.host}:7001", first_byte_timeout_s=1)
    client, host = network.session(listener)
    assert_reset(client, "a client that says nothing to a host that says nothing")
    assert_reset(host, "the host of such a client")
    talking, host = network.session(listener)
    host.sendall(b"welcome")  # here the host speaks first
    assert_equal_bytes(read_exactly(talking, 7), b"welcome", "greeting")
    relay.wait_record(lambda r: r.number("refused_first_byte") == 1, "refused_first_byte=1")
    relay.wait_connections(1, 2)


def test_half_closed_and_silent(network):
    relay, client, host = network.busy_relay(half_closed_timeout_s=1)
    client.sendall(b"last words")
    client.shutdown(1)
    assert_equal_bytes(read_to_end(host), b"last words", "before the end")
    assert_reset(client, "half-closed for a second")
    relay.wait_record(lambda r: r.number("closed_idle") == 1, "closed_idle=1")


def test_longest_session(network):
    """However busy, it ends; a new one may come."""
    listener = network.listen(7001)
    relay = network.start_relay(upstream=f"{network.host}:7001", max_session_s=1)
    client, host = network.session(listener)

    def talk():
        try:
            client.sendall(b"x")
            return not host.recv(1)
        except ConnectionResetError:
            return True
    wait_until(talk, 20, "the session ends")
    relay.wait_record(lambda r: r.number("closed_session_time") == 1, "closed_session_time=1")
    network.session(listener)


def test_sessions_in_the_log(network):
    relay, client, host = network.busy_relay(log="sessions")
    port = client.getsockname()[1]
    client.sendall(b"question")
    assert_equal_bytes(read_exactly(host, 8), b"question", "question")
    host.sendall(b"answer")
    host.close()
    assert_equal_bytes(read_to_end(client), b"answer", "answer")
    client.close()
    relay.wait_connections(0, 1)
    pattern = rf"session 192\.0\.2\.1:{port} -> 192\.0\.2\.1:7001: 8 bytes up, 6 down, \d+ ms: closed"
    assert re.search(pattern, relay.log_text()), relay.log_text()


def test_no_session_in_the_log_by_default(network):
    listener = network.listen(7001)
    relay = network.start_relay(upstream=f"{network.host}:7001")
    for sock in network.session(listener):
        sock.close()
    relay.wait_connections(0, 1)
    assert "session" not in relay.log_text(), relay.log_text()
