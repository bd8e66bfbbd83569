"""Thousands of idle connections cost the active ones nothing, and 200,000 one after another leave nothing behind."""

import pathlib
import sys

import pytest
from relay import HOST_BIN, assert_equal_bytes, read_exactly
from tcp import exchange_at_once
from waiting import wait_until

# As it is in the image, on musl and without sanitizers.
RELAY = HOST_BIN.parent / "bin/relay"
LOAD = HOST_BIN.parent / "bench/relay-load"
TOTAL, BURST_S = 200_000, 5
ECHO_HOST = pathlib.Path(__file__).parent.parent / "lib/echo_host.py"


def settled(relay, total):
    relay.wait_connections(0, total, 60)
    return relay.descriptors(), relay.status("VmRSS"), relay.status("VmData")


@pytest.mark.deadline(400)
def test_nothing_is_left_of_200000_connections(network):
    """Descriptors and memory are the same after 200,000 as after the first few thousand."""
    network.lan.sysctl("net.ipv4.tcp_tw_reuse", 1)
    network.box.sysctl("net.ipv4.tcp_tw_reuse", 1)
    relay = network.start_relay(upstream=f"{network.host}:7001", program=RELAY)
    total, before = 0, None
    while total < TOTAL:
        output = network.lan.run(LOAD, "connections", network.relay, 1688, network.host, 7001, 64, BURST_S, timeout=80)
        result = dict(line.split("=", 1) for line in output.splitlines())
        total += int(result["connections"])  # it has compared every byte of them
        now = settled(relay, total)
        before = before or now
    record = relay.record()
    assert record["connections_failed"] == record["connections_refused"] == "0", record
    assert record.number("bytes_to_upstream") == record.number("bytes_to_client") == 250 * total, record
    assert now[0] == before[0], f"expected {before[0]}, got {now[0]}"
    assert now[1] <= before[1] + 100, f"expected {before[1]} kB as before, got {now[1]}"
    assert now[2] == before[2], f"expected {before[2]} kB as before, got {now[2]}"


@pytest.mark.deadline(300)
def test_idle_and_active_connections(network, keep):
    """As many idle ones as this process may have, and 1,000 active ones beside them."""
    idle_count, active_count = 7000, 1000
    host = network.lan.start(sys.executable, ECHO_HOST, network.host, 7001, log=network.folder / "host.log")
    wait_until(lambda: "listening" in (network.folder / "host.log").read_text(), 20, "the host listens")
    relay = network.start_relay(upstream=f"{network.host}:7001", program=RELAY, max_connections=20000)
    empty_kb = relay.status("VmRSS")
    idle = []
    for number in range(idle_count):
        client = network.connect()
        client.sendall(b"%06d" % number)
        idle.append(client)
    for number, client in enumerate(idle):
        assert_equal_bytes(read_exactly(client, 6), b"%06d" % number, f"client {number}")
    relay.wait_connections(idle_count, idle_count, 60)
    exchange_at_once(network.lan, network.relay, 1688, active_count, 20_000, 100)
    relay.wait_connections(idle_count, idle_count + active_count, 60)
    held_kb = relay.status("VmRSS") - empty_kb
    assert held_kb < idle_count // 2, f"expected less than 512 bytes each, got {held_kb} kB for {idle_count}"
    for number, client in enumerate(idle):
        client.sendall(b"again")
        assert_equal_bytes(read_exactly(client, 5), b"again", f"client {number}")
    assert host.poll() is None
