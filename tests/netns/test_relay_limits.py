"""The relay keeps within its limits, says so at once to who is beyond them, and works on when it runs short."""

import contextlib
import os
import resource
import socket
import threading

import pytest
from dcerpc import MAPPER, NDR, bind
from relay import assert_equal_bytes, assert_reset, read_exactly, read_to_end
from relayed import exchange
from tcp import TcpPeer, echo, exchange_at_once
from waiting import wait_until


def fill(sock, stop_at, patience_s=1):
    """Sends until nothing more is taken for PATIENCE_S (or STOP_AT bytes were); returns what was sent."""
    chunk, sent = os.urandom(1 << 16), bytearray()
    sock.settimeout(patience_s)
    try:
        while len(sent) < stop_at:
            sent += chunk[:sock.send(chunk)]
    except TimeoutError:
        pass
    sock.settimeout(20)
    return bytes(sent)


def test_connection_over_the_limit_is_reset(network):
    listener = network.listen(7001)
    relay = network.start_relay(upstream=f"{network.host}:7001", max_connections=3)
    sessions = [network.session(listener) for _ in range(3)]
    for client, host in sessions:  # who says nothing gives way
        client.sendall(b"!")
        assert_equal_bytes(read_exactly(host, 1), b"!", "a session")
    relay.wait_connections(3, 3)
    network.assert_refused_by_reset("the fourth connection")
    record = relay.wait_record(lambda r: r.number("connections_refused") == 1, "connections_refused=1")
    assert (record["connections_now"], record["connections_max"]) == ("3", "3"), record
    for number, (client, host) in enumerate(sessions):
        client.sendall(b"%d" % number)
        assert_equal_bytes(read_exactly(host, 1), b"%d" % number, "a session within the limit")
    sessions[0][0].close()
    sessions[0][1].close()
    relay.wait_connections(2, 3)
    client, host = network.session(listener)
    client.sendall(b"again")
    assert_equal_bytes(read_exactly(host, 5), b"again", "after one has gone")


@pytest.mark.parametrize("guard", ["off", f"dcerpc:{MAPPER}"])
def test_silent_ones_on_all_places_give_way(network, guard):
    """Whoever connects and says nothing keeps nobody out, with a guard and without."""
    network.keep(TcpPeer(network.lan, echo, network.host, 7001))
    relay = network.start_relay(upstream=f"{network.host}:7001", max_connections=8, guard=guard)
    silent = [network.connect() for _ in range(8)]
    relay.wait_connections(8, 8)
    request = bind((MAPPER, 3, [NDR]))

    def served():
        with contextlib.suppress(ConnectionError):
            return exchange(network.lan, network.relay, request) == request
    wait_until(served, 20, "an honest client is served", lambda: str(relay.record()))
    assert_reset(silent[0], "the first of the silent ones")
    relay.wait_record(lambda r: r.number("closed_gave_way") > 0, "closed_gave_way")


def test_idle_connection_is_reset_and_a_busy_one_is_not(network):
    listener = network.listen(7001)
    relay = network.start_relay(upstream=f"{network.host}:7001", idle_timeout_s=1)
    busy_client, busy_host = network.session(listener)
    idle_client, idle_host = network.session(listener)
    ended = threading.Event()

    def watch_idle():
        for sock in (idle_client, idle_host):
            assert_reset(sock, "an idle connection")
        ended.set()

    watcher = threading.Thread(target=watch_idle, daemon=True)
    watcher.start()
    turns = 0
    while not ended.wait(0.1):
        assert turns < 200, "expected the idle connection to be reset within 20 s"
        busy_client.sendall(b"?")
        assert_equal_bytes(read_exactly(busy_host, 1), b"?", f"turn {turns}")
        turns += 1
    # As long again as it took: the busy one outlives its own limit.
    for turn in range(turns * 2):
        ended.clear()
        ended.wait(0.1)
        busy_host.sendall(b"!")
        assert_equal_bytes(read_exactly(busy_client, 1), b"!", f"turn {turns + turn}")
    relay.wait_connections(1, 2)
    assert_reset(busy_client, "the connection that is idle now")


@pytest.mark.parametrize("reader", ["client", "host"])
def test_slow_reader_holds_the_sender_back(network, reader):
    """What nobody reads is not gathered: the sender is stopped, and all arrives when reading goes on."""
    relay, client, host = network.busy_relay()
    slow, sender = (client, host) if reader == "client" else (host, client)
    before_kb = relay.status("VmRSS")
    sent = fill(sender, 256 << 20)
    held_kb = relay.status("VmRSS") - before_kb
    print(f"on the way: {len(sent)} bytes, the relay's memory: {held_kb} kB more")
    assert len(sent) < 64 << 20, f"expected the sender to be stopped, it sent {len(sent)} bytes"
    assert held_kb < 1024, f"expected the relay to hold nothing, it grew by {held_kb} kB"
    sender.shutdown(socket.SHUT_WR)
    assert_equal_bytes(read_to_end(slow), sent, "what was held back")


def test_more_full_connections_than_pipes(splicing_network):
    """With 64 descriptors there are 14 sessions and 2 pipes: the others' bytes go another way, as whole."""
    listener = splicing_network.listen(7001)
    relay = splicing_network.start_relay(("prlimit", "--nofile=64"), upstream=f"{splicing_network.host}:7001")
    assert relay.record()["connections_max"] == "14", relay.record()
    sessions = [splicing_network.session(listener) for _ in range(14)]
    sent = [(fill(client, 64 << 20, 0.1), fill(host, 64 << 20, 0.1)) for client, host in sessions]
    kinds = relay.descriptors()
    assert kinds["pipe"] == 2 * 2, f"expected 2 pipes, all in use, got {kinds}"
    for (client, host), (up, down) in zip(sessions, sent):
        client.shutdown(socket.SHUT_WR)
        host.shutdown(socket.SHUT_WR)
        got = {}
        reader = threading.Thread(target=lambda: got.setdefault("up", read_to_end(host)), daemon=True)
        reader.start()
        assert_equal_bytes(read_to_end(client), down, "to the client")
        reader.join()
        assert_equal_bytes(got["up"], up, "to the host")
    relay.wait_connections(0, 14)


def test_out_of_descriptors(network):
    """Clients wait in the backlog, the relay does not spin, and they are served when there are some again."""
    listener = network.listen(7001)
    relay = network.start_relay(upstream=f"{network.host}:7001")
    client, host = network.session(listener)
    relay.wait_connections(1, 1)
    soft, hard = resource.prlimit(relay.child.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(relay.child.pid, resource.RLIMIT_NOFILE, (sum(relay.descriptors().values()), hard))
    waiting = network.connect()
    wait_until(lambda: "-> paused: " in relay.log_text(), 20, "the listener pauses",
               relay.log_text)
    ticks = relay.cpu_ticks()
    for turn in range(100):  # meanwhile what is open goes on
        client.sendall(b"?")
        assert_equal_bytes(read_exactly(host, 1), b"?", f"turn {turn}")
        threading.Event().wait(0.01)
    ticks = relay.cpu_ticks() - ticks
    assert ticks < 50, f"expected next to no processor time in a second of waiting, got {ticks} ticks of 10 ms"
    resource.prlimit(relay.child.pid, resource.RLIMIT_NOFILE, (soft, hard))
    served, _ = listener.accept()
    waiting.sendall(b"late")
    assert_equal_bytes(read_exactly(served, 4), b"late", "who had to wait")
    served.close()


def test_no_descriptor_for_the_upstream(network):
    """The client is refused, and the upstream is not blamed for it."""
    listener = network.listen(7001)
    relay = network.start_relay(upstream=f"{network.host}:7001,{network.host}:7002")
    network.session(listener)
    relay.wait_connections(1, 1)
    _, hard = resource.prlimit(relay.child.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(relay.child.pid, resource.RLIMIT_NOFILE, (sum(relay.descriptors().values()) + 1, hard))
    network.assert_refused_by_reset("with one descriptor left")
    record = relay.wait_connections(1, 2)
    assert record["connections_failed"] == "1", record
    assert record.list("upstream") == [f"{network.host}:7001 up", f"{network.host}:7002 unknown"], record


def test_nothing_leaks(network, keep):
    """After 5,000 connections the relay holds the descriptors that it held before, but for a few pipes."""
    keep(TcpPeer(network.lan, echo, network.host, 7001))
    relay = network.start_relay(upstream=f"{network.host}:7001")
    before = relay.descriptors()
    for round_number in range(1, 11):
        exchange_at_once(network.lan, network.relay, 1688, 500, 250, 60)
        relay.wait_connections(0, 500 * round_number)
    after = relay.descriptors()
    pipes = after.pop("pipe", 0)
    before.pop("pipe", 0)  # standard input and the like
    assert after == before, f"expected {before}, got {after}"
    assert pipes <= 2 * 32 + 3, f"expected at most 32 idle pipes, got {pipes} descriptors of pipes"


def test_idle_connections_hold_no_pipe(splicing_network):
    listener = splicing_network.listen(7001)
    relay = splicing_network.start_relay(upstream=f"{splicing_network.host}:7001")
    sessions = [splicing_network.session(listener) for _ in range(100)]
    for client, host in sessions:
        client.sendall(b"question")
        assert_equal_bytes(read_exactly(host, 8), b"question", "question")
        host.sendall(b"answer")
        assert_equal_bytes(read_exactly(client, 6), b"answer", "answer")
    kinds = relay.descriptors()
    assert kinds["socket"] >= 200, kinds
    assert kinds["pipe"] <= 2 * 2, f"expected one pipe or two for 100 idle sessions, got {kinds}"
