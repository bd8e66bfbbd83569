"""As it ships, the appliance lets only DCE/RPC binds to the activation interface pass, from its own networks only."""

import http.client
import socket

import pytest
from dcerpc import MAPPER, NDR, NDR64, bind, request
from netns import Namespace, connect_veth
from relay import assert_equal_bytes, assert_reset, read_exactly
from relayed import wait_relayed
from tcp import TcpPeer, echo
from waiting import wait_until

ACTIVATION = "51c82175-844e-4750-b0d8-ec255555bc06"
PORT = 1688


def assert_refused(namespace, address, first_bytes):
    try:
        with namespace.connect(address, PORT, 30) as client:
            client.sendall(first_bytes)
            assert_reset(client, repr(first_bytes[:20]))
    except (ConnectionResetError, BrokenPipeError):
        pass


def assert_passes(namespace, address, data):
    with namespace.connect(address, PORT, 30) as client:
        client.sendall(data)
        assert_equal_bytes(read_exactly(client, len(data)), data, "what the echo peer got")


@pytest.mark.deadline(240)
def test_guard(dual_stack, boot):
    """The peer is an echo: what comes back is what went through, byte by byte."""
    guest = boot(dual_stack, guard=True)
    four = guest.wait_address(r"192\.0\.2\.\d+")
    good = bind((ACTIVATION, 1, [NDR]), (ACTIVATION, 1, [NDR64]))
    wait_until(lambda: assert_passes(dual_stack, four, good) is None, 30, "a bind passes")
    assert_passes(dual_stack, four, bind((ACTIVATION, 1, [NDR]), big=True) + request(0, b"x" * 3000))
    with dual_stack.connect(four, PORT, 30) as client:
        for byte in good:
            client.sendall(bytes([byte]))
        assert_equal_bytes(read_exactly(client, len(good)), good, "a bind byte by byte")
    assert_refused(dual_stack, four, bind((MAPPER, 3, [NDR])))
    assert_refused(dual_stack, four, bind((ACTIVATION, 1, [NDR]), (MAPPER, 3, [NDR])))
    assert_refused(dual_stack, four, request(0, b"x"))
    assert_refused(dual_stack, four, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100))
    with dual_stack.entered(), pytest.raises((ConnectionResetError, http.client.RemoteDisconnected)):
        connection = http.client.HTTPConnection(four, PORT, timeout=30)
        connection.connect()
        connection.request("GET", "/")
        connection.getresponse()
    guest.wait_screen(r"Refused\s+5 by the guard")
    guest.wait_screen(r"client 192\.0\.2\.1 refused: bind to another interface " + MAPPER[:8])
    guest.wait_screen(r"guard dcerpc")


@pytest.fixture
def stranger(keep, dual_stack):
    """A client behind a router: the segment's, which the appliance has from DHCP."""
    client = keep(Namespace("stranger"))
    connect_veth(client, "eth0", dual_stack, "toward")
    dual_stack.sysctl("net.ipv4.ip_forward", 1)
    dual_stack.ip("address", "add", "203.0.113.1/24", "dev", "toward")
    client.ip("address", "add", "203.0.113.7/24", "dev", "eth0")
    client.ip("route", "add", "default", "via", "203.0.113.1")
    return client


@pytest.mark.deadline(240)
def test_clients_of_other_networks(dual_stack, boot, stranger):
    guest = boot(dual_stack)
    four = guest.wait_address(r"192\.0\.2\.\d+")
    wait_relayed(dual_stack, four)
    assert_refused(stranger, four, b"hello")
    guest.wait_screen(r"Refused\s+1 not allowed")
    guest.wait_screen(r"on-link.*192\.0\.2\.0/24")


@pytest.mark.deadline(240)
def test_networks_that_are_set(dual_stack, boot, stranger):
    guest = boot(dual_stack, append="thimble.relay.allow=203.0.113.0/24")
    four = guest.wait_address(r"192\.0\.2\.\d+")
    wait_relayed(stranger, four)
    assert_refused(dual_stack, four, b"hello")


@pytest.mark.deadline(240)
def test_the_appliance_itself_is_no_upstream(dual_stack, boot):
    guest = boot(dual_stack, upstream="127.0.0.1:1688,192.0.2.1:1688")
    four = guest.wait_address(r"192\.0\.2\.\d+")
    wait_relayed(dual_stack, four)
    guest.wait_screen(r"down\s+127\.0\.0\.1:1688: this is the relay itself")


@pytest.mark.deadline(240)
def test_proxy_header(keep, dual_stack, boot):
    """The host is told the client's address, then gets the client's bytes."""
    with dual_stack.entered():
        listener = keep(socket.create_server(("192.0.2.1", 1700)))
    listener.settimeout(60)
    guest = boot(dual_stack, upstream="192.0.2.1:1700", append="thimble.relay.proxy-protocol=v2")
    four = guest.wait_address(r"192\.0\.2\.\d+")
    with dual_stack.connect(four, PORT, 60) as client:
        client.sendall(b"question")
        host, _ = listener.accept()
        with host:
            host.settimeout(60)
            header = read_exactly(host, 28)
            expected = (b"\r\n\r\n\0\r\nQUIT\n" + b"\x21\x11\x00\x0c" + socket.inet_aton("192.0.2.1") + socket.inet_aton(four)
                        + client.getsockname()[1].to_bytes(2, "big") + PORT.to_bytes(2, "big"))
            assert_equal_bytes(header, expected, "PROXY header")
            assert_equal_bytes(read_exactly(host, 8), b"question", "behind the header")


@pytest.mark.deadline(240)
def test_failover(keep, dual_stack, boot):
    """The first host refuses, or is a black hole: the second one serves; the first one is asked again once it is back."""
    dual_stack.ip("neighbour", "replace", "192.0.2.9", "lladdr", "02:00:00:00:00:99", "dev", "br0")
    keep(TcpPeer(dual_stack, echo, port=1701))
    guest = boot(dual_stack, upstream="192.0.2.1:1702,192.0.2.9:1688,192.0.2.1:1701")
    four = guest.wait_address(r"192\.0\.2\.\d+")
    wait_relayed(dual_stack, four, 60)
    guest.wait_screen(r"down\s+192\.0\.2\.1:1702: Connection refused")
    first = keep(TcpPeer(dual_stack, echo, port=1702))
    guest.wait_screen(r"up\s+192\.0\.2\.1:1702")
    before = len(first.clients)
    wait_relayed(dual_stack, four)
    assert len(first.clients) > before, "expected the first host to be asked again"
