"""The relay passes every byte on, unchanged and in order, whatever the size, direction and number."""

import hashlib
import os
import threading

import pytest
from relay import Network, assert_equal_bytes, read_exactly, read_to_end, send_and_end
from tcp import TcpPeer, digest, echo, exchange_at_once

SIZES = [0, 1, 250, 64 * 1024, 50_000_000]


@pytest.mark.parametrize("size", SIZES)
def test_to_the_host(network, size):
    relay, client, host = network.busy_relay()
    payload = os.urandom(size)
    sender = send_and_end(client, payload)
    assert_equal_bytes(read_to_end(host), payload, "to the host")
    sender.join()
    host.close()
    assert_equal_bytes(read_to_end(client), b"", "to the client")
    record = relay.wait_connections(0, 1)
    assert record.number("bytes_to_upstream") == size, record
    assert record.number("bytes_to_client") == 0, record


@pytest.mark.parametrize("size", SIZES)
def test_to_the_client(network, size):
    relay, client, host = network.busy_relay()
    payload = os.urandom(size)
    sender = send_and_end(host, payload)
    assert_equal_bytes(read_to_end(client), payload, "to the client")
    sender.join()
    client.close()
    assert_equal_bytes(read_to_end(host), b"", "to the host")
    record = relay.wait_connections(0, 1)
    assert record.number("bytes_to_client") == size, record
    assert record.number("bytes_to_upstream") == 0, record


@pytest.mark.parametrize("size", SIZES)
def test_both_ways_at_once(network, size):
    _, client, host = network.busy_relay()
    up, down = os.urandom(size), os.urandom(size)
    received = {}

    def read_host():
        received["host"] = read_to_end(host)

    reader = threading.Thread(target=read_host, daemon=True)
    reader.start()
    senders = [send_and_end(client, up), send_and_end(host, down)]
    received["client"] = read_to_end(client)
    for thread in (reader, *senders):
        thread.join()
    assert_equal_bytes(received["client"], down, "to the client")
    assert_equal_bytes(received["host"], up, "to the host")


def test_many_turns_in_one_connection(network):
    """Question and answer, as RPC does: nothing is held back for more to come."""
    _, client, host = network.busy_relay()
    for turn in range(500):
        question, answer = os.urandom(1 + turn % 300), os.urandom(1 + turn % 170)
        client.sendall(question)
        assert_equal_bytes(read_exactly(host, len(question)), question, f"question {turn}")
        host.sendall(answer)
        assert_equal_bytes(read_exactly(client, len(answer)), answer, f"answer {turn}")


@pytest.mark.parametrize("address", [Network.relay, Network.relay6])
def test_thousand_connections_at_once(network, keep, address):
    peer = keep(TcpPeer(network.lan, echo, network.host, 7001))
    relay = network.start_relay(upstream=f"{network.host}:7001")
    exchange_at_once(network.lan, address, 1688, 1000, 20_000, 100)
    record = relay.wait_connections(0, 1000)
    assert record.number("connections_failed") == 0, record
    assert record.number("bytes_to_upstream") == 20_000_000 == record.number("bytes_to_client"), record
    assert not peer.errors, peer.errors


def test_host_that_answers_after_the_end(network, keep):
    """The answer comes only after the host has seen the client's end of stream."""
    keep(TcpPeer(network.lan, digest, network.host, 7001))
    network.start_relay(upstream=f"{network.host}:7001")
    payload = os.urandom(300_000)
    client = network.connect()
    send_and_end(client, payload)
    assert_equal_bytes(read_to_end(client), hashlib.sha256(payload).hexdigest().encode(), "digest")
