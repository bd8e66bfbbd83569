"""An end of stream and a reset pass through the relay as what they are, in both directions."""

import contextlib
import os

import pytest
from relay import assert_equal_bytes, assert_reset, read_exactly, read_to_end, reset, send_and_end


@pytest.fixture
def ends(network):
    relay, client, host = network.busy_relay()
    return relay, client, host


@pytest.mark.parametrize("first", ["client", "host"])
def test_half_close(ends, first):
    """One side ends its stream; the other one sees that, and can still send for as long as it likes."""
    relay, client, host = ends
    one, other = (client, host) if first == "client" else (host, client)
    send_and_end(one, b"first and last")
    assert_equal_bytes(read_to_end(other), b"first and last", "before the half-close")
    relay.wait_connections(1, 1)
    for size in (1, 250, 1_000_000):
        payload = os.urandom(size)
        send = send_and_end(other, payload) if size == 1_000_000 else other.sendall(payload)
        assert_equal_bytes(read_exactly(one, size), payload, f"{size} bytes after the half-close")
        if send:
            send.join()
    assert_equal_bytes(read_to_end(one), b"", "the end of the other direction")
    relay.wait_connections(0, 1)


@pytest.mark.parametrize("first", ["client", "host"])
@pytest.mark.parametrize("before", ["nothing", "bytes", "half-close by the other"])
def test_reset(ends, first, before):
    relay, client, host = ends
    one, other = (client, host) if first == "client" else (host, client)
    if before == "bytes":
        one.sendall(b"question")
        assert_equal_bytes(read_exactly(other, 8), b"question", "before the reset")
    if before == "half-close by the other":
        other.shutdown(1)
        assert_equal_bytes(read_to_end(one), b"", "end of stream")
    reset(one)
    assert_reset(other, f"reset by the {first}")
    relay.wait_connections(0, 1)


@pytest.mark.parametrize("first", ["client", "host"])
def test_reset_after_own_half_close(ends, first):
    """Who ends its stream and then goes altogether must not keep the other one waiting."""
    relay, client, host = ends
    one, other = (client, host) if first == "client" else (host, client)
    one.shutdown(1)
    assert_equal_bytes(read_to_end(other), b"", "end of stream")
    relay.wait_connections(1, 1)
    reset(one)
    relay.wait_connections(0, 1)
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        other.sendall(b"x")


def test_answer_just_before_a_reset_is_delivered(ends):
    """A host that resets right after its answer (as one does that leaves bytes unread): the answer counts."""
    _, client, host = ends
    client.sendall(b"question")
    assert_equal_bytes(read_exactly(host, 8), b"question", "question")
    answer = os.urandom(250)
    host.sendall(answer)
    reset(host)
    assert_equal_bytes(read_exactly(client, 250), answer, "answer")
    assert_reset(client, "after the answer")


def test_answer_is_delivered_though_the_question_cannot_be(ends):
    """The host answers and goes while the client still speaks: its kernel refuses the rest by RST."""
    _, client, host = ends
    answer = os.urandom(250)
    host.sendall(answer)
    host.close()
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        for _ in range(1000):
            client.sendall(b"and another thing")
    assert_equal_bytes(read_exactly(client, 250), answer, "answer")


def test_both_ends_at_once(ends):
    relay, client, host = ends
    send_and_end(client, b"to the host")
    send_and_end(host, b"to the client")
    assert_equal_bytes(read_to_end(client), b"to the client", "to the client")
    assert_equal_bytes(read_to_end(host), b"to the host", "to the host")
    relay.wait_connections(0, 1)
