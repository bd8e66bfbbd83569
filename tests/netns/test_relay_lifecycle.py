"""The relay starts whatever it finds, says what is wrong, and ends in good order."""

import os
import pathlib
import re
import signal
import socket
import sys
import threading

import pytest
from relay import assert_equal_bytes, assert_reset, read_exactly, read_to_end
from waiting import wait_until


def assert_refused(network):
    with pytest.raises(ConnectionRefusedError):
        network.connect()


def test_drain_lets_sessions_finish(network):
    relay, client, host = network.busy_relay()
    relay.child.send_signal(signal.SIGTERM)
    relay.wait_record(lambda r: r["state"] == "draining" and not r.list("listen"), "state=draining")
    assert_refused(network)
    client.sendall(b"question")
    assert_equal_bytes(read_exactly(host, 8), b"question", "while draining")
    host.sendall(b"answer")
    host.close()
    client.shutdown(1)
    assert_equal_bytes(read_to_end(client), b"answer", "while draining")
    assert relay.child.wait(20) == 0, relay.log_text()
    assert "are reset" not in relay.log_text(), "expected it to end with the last session"
    assert relay.record() == {}, "expected the record to go with its writer"


def test_drain_ends(network):
    """A session that does not finish is reset, and the relay ends with status 0 all the same."""
    relay, client, host = network.busy_relay()
    relay.child.send_signal(signal.SIGTERM)
    relay.child.send_signal(signal.SIGTERM)
    assert_reset(client, "a session that did not finish")
    assert_reset(host, "a session that did not finish")
    assert relay.child.wait(20) == 0, relay.log_text()
    assert "1 connections are reset" in relay.log_text(), relay.log_text()


def test_drain_without_sessions(network):
    relay = network.start_relay(upstream=f"{network.host}:7001")
    relay.child.send_signal(signal.SIGTERM)
    assert relay.child.wait(20) == 0, relay.log_text()
    assert "are reset" not in relay.log_text(), relay.log_text()


def test_address_in_use(network):
    """One of two ports is taken: the other serves, the record says which, and it is taken up once free."""
    listener = network.listen(7001)
    taken = network.keep(network.box.socket())
    taken.bind((network.relay, 1700))
    taken.listen()
    relay = network.start_relay(upstream=f"{network.host}:7001", listen=f"{network.relay}:1700,[::]:1688")
    record = relay.record()
    assert record["state"] == "cannot listen", record
    assert re.fullmatch(rf"relay\.listen={network.relay}:1700: Address (already )?in use", record["hint"]), record
    assert record.list("listen") == ["[::]:1688"], record
    client, host = network.session(listener)
    client.sendall(b"x")
    assert_equal_bytes(read_exactly(host, 1), b"x", "through the other port")
    taken.close()
    record = relay.wait_record(lambda r: r["state"] == "ready", "state=ready")
    assert record.list("listen") == [f"{network.relay}:1700", "[::]:1688"], record
    network.connect(port=1700)
    listener.accept()[0].close()


def test_address_not_there_yet(network):
    relay = network.start_relay(upstream=f"{network.host}:7001", listen="192.0.2.55:1688")
    record = relay.record()
    assert record["state"] == "cannot listen", record
    assert re.fullmatch(r"relay\.listen=192\.0\.2\.55:1688: .*address.*", record["hint"], re.IGNORECASE), record
    network.box.ip("address", "add", "192.0.2.55/24", "dev", "eth0")
    record = relay.wait_record(lambda r: r["state"] == "ready", "state=ready")
    assert record.list("listen") == ["192.0.2.55:1688"], record
    assert relay.log_text().count("listener 192.0.2.55:1688") == 2, relay.log_text()


def test_both_wildcards(network):
    listener = network.listen(7001)
    relay = network.start_relay(upstream=f"{network.host}:7001", listen="[::]:1688,0.0.0.0:1688")
    assert relay.record().list("listen") == ["[::]:1688", "0.0.0.0:1688"], relay.record()
    for address in (network.relay, network.relay6):
        network.connect(address)
        listener.accept()[0].close()


DROP_ALL = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
KEEP_BIND = ("setpriv", "--bounding-set=-all,+net_bind_service", "--inh-caps=-all,+net_bind_service")


def test_low_port_with_its_capability_only(network):
    listener = network.listen(7001)
    relay = network.start_relay(KEEP_BIND, upstream=f"{network.host}:7001", listen="[::]:88")
    relay.wait_record(lambda r: r["state"] == "ready", "state=ready")
    network.connect(port=88)
    listener.accept()[0].close()


def test_low_port_without_its_capability(network):
    relay = network.start_relay(DROP_ALL, upstream=f"{network.host}:7001", listen="[::]:88,[::]:1688")
    record = relay.record()
    assert record["state"] == "cannot listen", record
    assert record["hint"] == "relay.listen=[::]:88: Permission denied", record
    assert record.list("listen") == ["[::]:1688"], record


def test_keepalive_on_both_sides(network):
    _, client, host = network.busy_relay(idle_timeout_s=20)
    client.sendall(b"x")
    assert_equal_bytes(read_exactly(host, 1), b"x", "question")

    def timers():
        lines = network.box.run("ss", "-Htno", "state", "established").splitlines()
        return len(lines) == 2 and all("timer:(keepalive" in line for line in lines)
    wait_until(timers, 30, "a keepalive timer on both connections",
               lambda: network.box.run("ss", "-tno"))


def test_sighup_is_survived(network):
    relay, client, host = network.busy_relay()
    relay.child.send_signal(signal.SIGHUP)
    client.sendall(b"x")
    assert_equal_bytes(read_exactly(host, 1), b"x", "after SIGHUP")
    assert relay.child.poll() is None


def test_record_is_written_at_changes_only_and_not_too_often(network):
    """Four times a second at most under load; not at all when nothing happens."""
    path = network.folder / "run/service/relay"
    listener = network.listen(7001)
    relay = network.start_relay(upstream=f"{network.host}:7001")
    times = set()
    stop = threading.Event()

    def poll():
        while not stop.wait(0.005):
            try:
                times.add(os.stat(path).st_mtime_ns)
            except FileNotFoundError:
                pass

    poller = threading.Thread(target=poll, daemon=True)
    poller.start()
    client, host = network.session(listener)
    turns = 0

    def load():
        nonlocal turns
        turns += 1
        client.sendall(b"x" * 1000)
        read_exactly(host, 1000)
        return len(times) >= 8
    wait_until(load, 20, "eight versions of the record under load", lambda: times)
    stop.set()
    poller.join()
    ordered = sorted(times)
    gaps_ms = [(b - a) / 1e6 for a, b in zip(ordered, ordered[1:])]
    print(gaps_ms)
    # The clock of files ticks every 1 to 10 ms.
    assert min(gaps_ms) >= 230, f"expected 250 ms between writings, got {gaps_ms}"

    sent = 1000 * turns
    relay.wait_record(lambda r: r.number("bytes_to_upstream") == sent, f"bytes_to_upstream={sent}")
    client.shutdown(socket.SHUT_WR)  # changes nothing that is in the record
    assert_equal_bytes(read_to_end(host), b"", "end of stream")

    def rests():
        """For a while; the kernel may still tell of the networks that were made a moment ago."""
        written, ticks = os.stat(path).st_mtime_ns, relay.cpu_ticks()
        threading.Event().wait(1.5)
        return os.stat(path).st_mtime_ns == written and relay.cpu_ticks() - ticks <= 1
    wait_until(rests, 10, "no writing and no work while nothing changes")


def test_kernel_without_ipv6(network):
    listener = network.listen(7001)
    launcher = pathlib.Path(__file__).parent.parent / "lib/without_ipv6.py"
    relay = network.start_relay((sys.executable, launcher), upstream=f"{network.host}:7001")
    assert relay.record().list("listen") == ["0.0.0.0:1688"], relay.record()
    client, host = network.session(listener)
    client.sendall(b"x")
    assert_equal_bytes(read_exactly(host, 1), b"x", "by IPv4")


def test_ipv6_disabled(network):
    listener = network.listen(7001)
    network.box.sysctl("net.ipv6.conf.all.disable_ipv6", 1)
    relay = network.start_relay(upstream=f"{network.host}:7001")
    relay.wait_record(lambda r: r["state"] == "ready", "state=ready")
    client, host = network.session(listener)
    client.sendall(b"x")
    assert_equal_bytes(read_exactly(host, 1), b"x", "by IPv4")
