"""With relay.proxy-protocol=v2 the upstream is told whose connection it gets, before the client's first byte."""

import contextlib
import http.client
import os
import socket
import struct

import pytest
from dcerpc import MAPPER, NDR, bind
from haproxy import HaProxy
from relay import Network, assert_equal_bytes, read_exactly, read_to_end, send_and_end

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


@pytest.fixture
def network(keep, tmp_path):
    return Network(keep, tmp_path)


@pytest.fixture(params=["on", "off"], ids=["splice", "copy"])
def start_relay(network, request):
    """Starts the relay with the PROXY protocol, in each of its two ways to pass bytes."""
    def start(**settings):
        return network.start_relay(**{"splice": request.param, "proxy_protocol": "v2", **settings})
    return start


def header(client, server):
    """What a connection from CLIENT to the relay at SERVER must begin with; both as getsockname() has them."""
    family = socket.AF_INET6 if ":" in client[0] else socket.AF_INET
    addresses = b"".join(socket.inet_pton(family, end[0]) for end in (client, server))
    addresses += struct.pack("!HH", client[1], server[1])
    return SIGNATURE + bytes([0x21, 0x21 if family == socket.AF_INET6 else 0x11]) + struct.pack(
        "!H", len(addresses)) + addresses


def ask(sock):
    """One HTTP request on SOCK; the body of its answer."""
    connection = http.client.HTTPConnection("relay")
    connection.sock = sock
    connection.request("GET", "/", headers={"Connection": "keep-alive"})
    answer = connection.getresponse()
    body = answer.read().decode()
    assert answer.status == 200, f"expected 200, got {answer.status}: {body}"
    return body


# A client's family need not be that of the relay's own connection to the host.
@pytest.mark.parametrize("upstream", [Network.host, f"[{Network.host6}]"], ids=["to-ipv4", "to-ipv6"])
@pytest.mark.parametrize("listen", ["[::]:1688", f"0.0.0.0:1688,[{Network.relay6}]:1688"],
                         ids=["dual-stack", "each-family"])
def test_haproxy_is_told_the_client(network, keep, start_relay, tmp_path, listen, upstream):
    keep(HaProxy(network.lan, tmp_path, f"{upstream}:7001")).start()
    start_relay(upstream=f"{upstream}:7001", listen=listen)
    for relay in [network.relay, network.relay6] * 2:
        client = network.connect(relay)
        expected = f"{client.getsockname()[0]} {client.getsockname()[1]} {relay} 1688"
        for turn in range(2):  # and once for each connection only
            told = ask(client)
            assert told == expected, f"expected request {turn} to be answered {expected!r}, got {told!r}"


def test_haproxy_refuses_the_relay_without_it(network, keep, start_relay, tmp_path):
    """That the cases above can fail."""
    keep(HaProxy(network.lan, tmp_path, f"{network.host}:7001")).start()
    start_relay(upstream=f"{network.host}:7001", proxy_protocol="off")
    with pytest.raises((http.client.BadStatusLine, ConnectionResetError)):
        ask(network.connect())


@pytest.mark.parametrize("relay", [Network.relay, Network.relay6], ids=["ipv4", "ipv6"])
def test_header_comes_before_a_silent_client_s_first_byte(network, start_relay, relay):
    """A host may speak first, and does so only once it knows to whom."""
    listener = network.listen(7001)
    start_relay(upstream=f"{network.host}:7001")
    client = network.connect(relay)
    host = network.keep(listener.accept()[0])
    host.settimeout(20)
    expected = header(client.getsockname(), client.getpeername())
    assert_equal_bytes(read_exactly(host, len(expected)), expected, "the header")
    host.sendall(b"greeting")
    assert_equal_bytes(read_exactly(client, 8), b"greeting", "to the client")
    client.sendall(b"question")
    client.shutdown(socket.SHUT_WR)
    assert_equal_bytes(read_to_end(host), b"question", "behind the header")
    host.close()
    assert_equal_bytes(read_to_end(client), b"", "to the client")


def test_bytes_follow_the_header_unchanged(network, start_relay):
    listener = network.listen(7001)
    start_relay(upstream=f"{network.host}:7001")
    for size in (0, 1, 250, 5_000_000):
        client = network.connect()
        payload = os.urandom(size)
        expected = header(client.getsockname(), client.getpeername()) + payload
        sender = send_and_end(client, payload)
        host = network.keep(listener.accept()[0])
        host.settimeout(20)
        assert_equal_bytes(read_to_end(host), expected, f"header and {size} bytes")
        sender.join()


def test_header_comes_before_what_the_guard_has_read(network, start_relay):
    listener = network.listen(7001)
    start_relay(upstream=f"{network.host}:7001", guard=f"dcerpc:{MAPPER}")
    client = network.connect()
    payload = bind((MAPPER, 3, [NDR])) + os.urandom(100_000)
    expected = header(client.getsockname(), client.getpeername()) + payload
    sender = send_and_end(client, payload)
    host = network.keep(listener.accept()[0])
    host.settimeout(20)
    assert_equal_bytes(read_to_end(host), expected, "header, bind and what followed")
    sender.join()


def test_each_of_many_connections_has_its_own_header(network, start_relay):
    listener = network.listen(7001)
    start_relay(upstream=f"{network.host}:7001")
    clients = [network.connect() for _ in range(50)]
    expected = {header(client.getsockname(), client.getpeername()) for client in clients}
    got = set()
    with contextlib.ExitStack() as stack:
        for _ in clients:
            host = stack.enter_context(listener.accept()[0])
            host.settimeout(20)
            got.add(read_exactly(host, 28))
    assert got == expected, f"expected 50 headers, one of each client; {len(got - expected)} are of nobody"


def test_header_goes_to_the_host_that_answers(network, start_relay):
    """The first upstream refuses: the second one gets the header, once."""
    listener = network.listen(7002)
    start_relay(upstream=f"{network.host}:7001,{network.host}:7002")
    client = network.connect()
    expected = header(client.getsockname(), client.getpeername()) + b"question"
    send_and_end(client, b"question").join()
    host = network.keep(listener.accept()[0])
    host.settimeout(20)
    assert_equal_bytes(read_to_end(host), expected, "header and question")
