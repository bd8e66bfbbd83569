"""Loss, delay, a small MTU, black holes and storms of resets cost time or a session, and never a byte or a descriptor."""

import contextlib
import socket
import threading

import pytest
from bad_cable import BadCable
from relay import assert_equal_bytes, assert_reset, read_exactly, reset
from tcp import TcpPeer, echo, exchange_at_once
from waiting import wait_until

HOST6 = "2001:db8::1"


BAD = {
    "delay": {"delay_s": 0.04, "jitter_s": 0.01},
    "loss": {"loss": 0.02},
    "reordering": {"delay_s": 0.005, "reorder": 0.25},
    "damage": {"corrupt": 0.01},
    "repetition": {"duplicate": 0.05},
}


@pytest.mark.parametrize("bad", BAD)
def test_every_byte_arrives(network, keep, bad):
    """200 KB each way in five connections at once, over a bad cable to the relay and from it."""
    peer = keep(TcpPeer(network.lan, echo, network.host, 7001))
    relay = network.start_relay(upstream=f"{network.host}:7001")
    cable = keep(BadCable(network.lan, network.port, network.box, "eth0", **BAD[bad]))
    exchange_at_once(network.lan, network.relay, 1688, 5, 200_000, 100)
    relay.wait_connections(0, 5, 60)
    assert not peer.errors, peer.errors
    assert cable.carried > 500 and (bad != "loss" or cable.lost > 0), (cable.carried, cable.lost)


def test_mtu_1280(network, keep):
    for namespace, ifname in ((network.box, "eth0"), (network.lan, "br0")):
        namespace.ip("link", "set", ifname, "mtu", 1280)
    keep(TcpPeer(network.lan, echo, "::", 7001))
    network.start_relay(upstream=f"[{HOST6}]:7001")
    exchange_at_once(network.lan, network.relay6, 1688, 20, 100_000, 60)
    exchange_at_once(network.lan, network.relay, 1688, 20, 100_000, 60)


def test_host_that_vanishes_under_way(network):
    """The host's network goes dead: the session ends by its idle time, the next one goes to another host."""
    first, second = network.listen(7001), network.listen(7002, HOST6)
    network.lan.ip("address", "add", "192.0.2.70/24", "dev", "br0")
    gone = network.listen(7003, "192.0.2.70")
    relay = network.start_relay(upstream=f"192.0.2.70:7003,[{HOST6}]:7002", idle_timeout_s=2, connect_timeout_s=1)
    client, _ = network.session(gone)
    network.black_hole("192.0.2.70")
    client.sendall(b"into the void")
    assert_reset(client, "a session whose host has vanished")
    after, host = network.session(second)
    after.sendall(b"x")
    assert_equal_bytes(read_exactly(host, 1), b"x", "the next session")
    relay.wait_record(lambda r: r.list("upstream") == ["192.0.2.70:7003 down no answer", f"[{HOST6}]:7002 up"], "failover")
    first.settimeout(0)
    with pytest.raises(BlockingIOError):
        first.accept()


def test_no_request_reaches_two_hosts(network):
    """A host that takes the request and then resets: the client hears that, nobody else gets the request."""
    first, second = network.listen(7001), network.listen(7002)
    network.start_relay(upstream=f"{network.host}:7001,{network.host}:7002")
    for _ in range(10):
        client, host = network.session(first)
        client.sendall(b"question")
        assert_equal_bytes(read_exactly(host, 8), b"question", "question")
        reset(host)
        assert_reset(client, "reset by its host")
    second.settimeout(0)
    with pytest.raises(BlockingIOError):
        second.accept()


def test_storm_of_resets(network, keep):
    """Thousands of connections that are reset in every phase leave nothing behind."""
    listener = network.listen(7001)
    relay = network.start_relay(upstream=f"{network.host}:7001")

    def descriptors():
        return {kind: count for kind, count in relay.descriptors().items() if kind != "pipe"}
    before = descriptors()
    stop = threading.Event()

    def host():
        listener.settimeout(0.2)
        number = 0
        while not stop.is_set():
            try:
                sock, _ = listener.accept()
            except TimeoutError:
                continue
            number += 1
            if number % 3 == 0:
                with contextlib.suppress(OSError):
                    sock.sendall(b"y" * 5000)
            if number % 2:
                reset(sock)
            else:
                sock.close()

    thread = threading.Thread(target=host, daemon=True)
    thread.start()
    total = 0
    for round_number in range(40):
        clients = []
        for _ in range(50):
            with network.lan.entered():
                sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex((network.relay, 1688))
            clients.append(sock)
        for number, sock in enumerate(clients):
            if number % 3 == 1:
                with contextlib.suppress(OSError):
                    sock.send(b"x" * 300)
            reset(sock) if number % 2 else sock.close()
        total += len(clients)
    # The record of before they came has none now either.
    wait_until(lambda: relay.record().number("connections_total") > total / 4 and relay.record()["connections_now"] == "0"
               and descriptors() == before, 30, f"all sessions have ended, and {before}",
               lambda: f"{descriptors()}\n{relay.record()}")
    stop.set()
    thread.join()
    record = relay.record()
    assert record.number("connections_total") <= total, record
    assert record.list("upstream")[0].startswith(f"{network.host}:7001 "), record
    listener.settimeout(20)
    client, sock = network.session(listener)
    client.sendall(b"after the storm")
    assert_equal_bytes(read_exactly(sock, 15), b"after the storm", "after the storm")
