"""With relay.guard=dcerpc:UUID only connections pass that begin with a DCE/RPC bind to that interface, unchanged."""

import fcntl
import http.client
import random
import socket
import ssl
import struct
import termios

import pytest
import samba
from dcerpc import (ALTER_CONTEXT, ALTER_CONTEXT_RESPONSE, BIND_ACK, FIRST, LAST, MANAGEMENT, MAPPER, NDR, NDR64,
                    RESPONSE, bind, lookup, pdu, read_pdu, request, results)
from impacket.dcerpc.v5 import epm, mgmt, transport
from impacket.uuid import uuidtup_to_bin
from relay import Network, assert_equal_bytes, assert_reset, read_exactly, read_to_end, reset, send_and_end
from waiting import wait_until

GOOD = bind((MAPPER, 3, [NDR]))
HALF = GOOD[:40]
PDU_HEAD_BYTES = 16
WINREG = "338cd001-2244-31f1-aaaa-900038001003"


@pytest.fixture
def network(keep, tmp_path):
    return Network(keep, tmp_path)


@pytest.fixture(params=["on", "off"], ids=["splice", "copy"])
def start_relay(network, request):
    """Starts the relay with the guard, in each of its two ways to pass bytes; upstream port 7001."""
    def start(**settings):
        return network.start_relay(**{"splice": request.param, "guard": f"dcerpc:{MAPPER}",
                                      "upstream": f"{network.host}:7001", **settings})
    return start


@pytest.fixture
def mapper(network, keep, start_relay, tmp_path):
    """Samba's endpoint mapper behind the relay; returns the relay."""
    if why := samba.why_not():
        pytest.skip(why)
    server = keep(samba.SambaRpc(network.lan, tmp_path)).start()
    return start_relay(upstream=f"{network.host}:{server.port}")


def connect_impacket(network):
    client = transport.DCERPCTransportFactory(f"ncacn_ip_tcp:{network.relay}[1688]")
    client.set_connect_timeout(20)
    rpc = client.get_dce_rpc()
    with network.lan.entered():
        rpc.connect()
    network.keep(client.get_socket())
    return rpc


def ask_lookup(rpc):
    """One ept_lookup; returns how many elements came back."""
    question = epm.ept_lookup()
    question["inquiry_type"] = epm.RPC_C_EP_ALL_ELTS
    question["object"] = epm.NULL
    question["Ifid"] = epm.NULL
    question["vers_option"] = epm.RPC_C_VERS_ALL
    question["entry_handle"] = epm.ept_lookup_handle_t()
    question["max_ents"] = 100
    return rpc.request(question, checkError=False)["num_ents"]


def assert_refused(relay, reason, count=1):
    """COUNT connections were refused, all for REASON, and each one is over."""
    record = relay.wait_record(
        lambda record: record.number(reason) == count and record.number("connections_now") == 0,
        f"{reason}={count}, connections_now=0")
    assert record.number("connections_refused") == count, record
    assert record.number("connections_failed") == 0, record


def assert_nobody_came(listener):
    listener.setblocking(False)
    with pytest.raises(BlockingIOError):
        listener.accept()


def connect_from(network, address):
    """A connection from a further ADDRESS of the clients' segment."""
    if address not in network.lan.addresses("br0"):
        network.lan.ip("address", "add", f"{address}/24", "dev", "br0")
    client = network.keep(network.lan.socket(socket.AF_INET, socket.SOCK_STREAM))
    client.settimeout(20)
    client.bind((address, 0))
    client.connect((network.relay, 1688))
    return client


def accept(network, listener):
    host = network.keep(listener.accept()[0])
    host.settimeout(20)
    return host


# Real peers: impacket, and PDUs that it does not send, against Samba.

def test_impacket_binds_and_asks_samba(network, mapper):
    rpc = connect_impacket(network)
    rpc.bind(epm.MSRPC_UUID_PORTMAP)
    assert ask_lookup(rpc) > 0, "expected Samba to name at least one element"
    # What comes later on the wire is not looked at: another interface by alter_context, and a request to it.
    other = rpc.alter_ctx(mgmt.MSRPC_UUID_MGMT)
    interfaces = mgmt.hinq_if_ids(other)["if_id_vector"]["count"]
    assert interfaces > 0, "expected Samba to name at least one interface"
    rpc.disconnect()
    mapper.wait_connections(0, 1)
    assert mapper.record().number("refused_guard") == 0, mapper.record()


def test_impacket_with_another_interface_is_reset(network, mapper):
    rpc = connect_impacket(network)
    with pytest.raises(ConnectionResetError):
        rpc.bind(uuidtup_to_bin((WINREG, "1.0")))
    assert_refused(mapper, "refused_guard")
    assert f"bind to another interface {WINREG}" in mapper.log_text(), mapper.log_text()


def test_impacket_with_other_interfaces_beside_it_is_reset(network, mapper):
    """impacket can bind to three interfaces that nobody has before it binds to the real one."""
    rpc = connect_impacket(network)
    with pytest.raises(ConnectionResetError):
        rpc.bind(epm.MSRPC_UUID_PORTMAP, bogus_binds=3)
    assert_refused(mapper, "refused_guard")


def test_samba_answers_in_both_byte_orders(network, mapper):
    for number, big in enumerate((False, True), 1):
        client = network.connect()
        client.sendall(bind((MAPPER, 3, [NDR]), (MAPPER, 3, [NDR64]), big=big))
        kind, ack = read_pdu(client)
        assert (kind, results(ack)[0]) == (BIND_ACK, 0), f"expected the first context to be accepted: {ack.hex()}"
        client.sendall(lookup(big=big, call_id=2))
        kind, answer = read_pdu(client)
        assert kind == RESPONSE, f"expected a response: {answer.hex()}"
        count = int.from_bytes(answer[44:48], "big" if answer[4] == 0 else "little")
        assert count > 0, f"expected at least one element: {answer.hex()}"
        client.sendall(bind((MANAGEMENT, 1, [NDR]), big=big, kind=ALTER_CONTEXT, first_id=7, call_id=3))
        kind, ack = read_pdu(client)
        assert (kind, results(ack)) == (ALTER_CONTEXT_RESPONSE, [0]), f"expected acceptance: {ack.hex()}"
        client.close()
        mapper.wait_connections(0, number)


def test_samba_gets_no_bind_to_another_interface(network, mapper):
    """Samba would take it: the interface is every server's own."""
    for big in (False, True):
        client = network.connect()
        client.sendall(bind((MANAGEMENT, 1, [NDR]), big=big))
        assert_reset(client, "a bind to the management interface")
        client = network.connect()
        client.sendall(bind((MAPPER, 3, [NDR]), (MANAGEMENT, 1, [NDR]), big=big))
        assert_reset(client, "a bind to the management interface beside the mapper's")
    assert_refused(mapper, "refused_guard", 4)


# Strangers. Each tries twice.

def speak_http(network):
    connection = http.client.HTTPConnection(network.relay, 1688)
    connection.sock = network.connect()
    connection.request("GET", "/")
    connection.getresponse()


def speak_tls(network):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.wrap_socket(network.connect(), server_hostname="relay").close()


def speak_at_random(network):
    client = network.connect()
    client.sendall(random.Random(1).randbytes(1000))
    read_to_end(client)


def speak_dcerpc_too_early(network):
    client = network.connect()
    client.sendall(request(2, b""))
    read_to_end(client)


STRANGERS = [(speak_http, "not DCE/RPC: rpc_vers 71"), (speak_tls, "not DCE/RPC: rpc_vers 22"),
             (speak_at_random, "not DCE/RPC: rpc_vers "), (speak_dcerpc_too_early, "no bind at first: PDU type 0")]


@pytest.mark.parametrize("speak, reason", STRANGERS, ids=["http", "tls", "random", "request"])
def test_stranger_is_reset_counted_and_logged_once(network, start_relay, speak, reason):
    listener = network.listen(7001)
    relay = start_relay()
    for count in (1, 2):
        with pytest.raises(ConnectionResetError):
            speak(network)
        assert_refused(relay, "refused_guard", count)
    assert_nobody_came(listener)
    lines = [line for line in relay.log_text().splitlines() if reason in line]
    assert len(lines) == 1, f"expected one line a minute with {reason!r}, got {lines}\n{relay.log_text()}"
    assert network.host in lines[0], f"expected the client's address, got {lines}"


def test_each_client_is_logged(network, start_relay):
    """Another client's try is another line, though it comes within the minute."""
    network.listen(7001)
    relay = start_relay()
    clients = [network.host, "192.0.2.201", "192.0.2.202"]
    for address in clients * 2:
        client = connect_from(network, address)
        client.sendall(b"GET /")
        assert_reset(client, f"HTTP from {address}")
    assert_refused(relay, "refused_guard", 6)
    lines = [line for line in relay.log_text().splitlines() if "rpc_vers 71" in line]
    assert len(lines) == 3, f"expected a line for each of three clients, got {lines}"
    for address in clients:
        assert any(address in line for line in lines), f"expected a line for {address}, got {lines}"


def test_stranger_on_ipv6_is_reset(network, start_relay):
    listener = network.listen(7001)
    relay = start_relay()
    client = network.connect(network.relay6)
    client.sendall(b"GET / HTTP/1.1\r\n\r\n")
    assert_reset(client, "HTTP on IPv6")
    assert_refused(relay, "refused_guard")
    assert_nobody_came(listener)
    wait_until(lambda: network.host6 in relay.log_text(), 20, "the client is named", relay.log_text)


REFUSED = {
    "alter-context-first": (bind((MAPPER, 3, [NDR]), kind=ALTER_CONTEXT), "no bind at first: PDU type 14"),
    "second-fragment-first": (bind((MAPPER, 3, [NDR]), flags=LAST), "bind without its first fragment: pfc_flags 2"),
    "contexts-in-two-fragments": (pdu(11, bytes(8) + b"\4\0\0\0" + GOOD[28:], flags=FIRST),
                                  "presentation contexts in several fragments"),
    "no-context": (bind() + bytes(44), "fragment too short for a bind: frag_length 28"),
    "no-transfer-syntax": (bind((MAPPER, 3, []), (MAPPER, 3, [NDR, NDR])),
                           "presentation context without a transfer syntax"),
}


def test_what_is_no_good_bind_is_refused(network, start_relay):
    """Each is another client's, for one client's are logged once."""
    listener = network.listen(7001)
    relay = start_relay()
    for number, (name, (first, reason)) in enumerate(REFUSED.items(), 1):
        client = connect_from(network, f"192.0.2.{200 + number}")
        client.sendall(first)
        assert_reset(client, name)
        assert_refused(relay, "refused_guard", number)
        assert reason in relay.log_text(), f"expected {reason!r} for {name}, got {relay.log_text()}"
    assert_nobody_came(listener)


# What passes, passes unchanged.

def with_token(size):
    """A bind with an authentication token of SIZE bytes."""
    body = GOOD[PDU_HEAD_BYTES:] + bytes([10, 6, 0, 0, 0, 0, 0, 0]) + random.Random(size).randbytes(size)
    whole = bytearray(pdu(11, body))
    whole[10:12] = size.to_bytes(2, "little")
    return bytes(whole)


PASSED = {
    "little-endian": GOOD,
    "big-endian": bind((MAPPER, 3, [NDR]), big=True),
    "many-contexts": bind(*[(MAPPER, 3, [NDR])] * 92),
    "first-of-several-fragments": bind((MAPPER, 3, [NDR]), flags=FIRST) + pdu(11, bytes(40), flags=LAST),
    "token": with_token(200),
    "token-larger-than-what-is-looked-at": with_token(20_000),
}


def test_bind_and_what_follows_pass_unchanged(network, start_relay):
    listener = network.listen(7001)
    relay = start_relay()
    sent = 0
    for number, (name, payload) in enumerate(PASSED.items(), 1):
        payload += random.Random(number).randbytes(3_000_000)
        sent += len(payload)
        client = network.connect()
        sender = send_and_end(client, payload)
        host = accept(network, listener)
        assert_equal_bytes(read_to_end(host), payload, f"{name}, to the host")
        sender.join()
        host.sendall(b"answer")
        host.close()
        assert_equal_bytes(read_to_end(client), b"answer", f"{name}, to the client")
        record = relay.wait_connections(0, number)
        assert record.number("bytes_to_upstream") == sent, record
    assert record.number("refused_guard") == 0, record


def test_bind_byte_by_byte_passes_unchanged(network, start_relay):
    listener = network.listen(7001)
    relay = start_relay()
    client = network.connect()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for at in range(len(GOOD)):
        client.sendall(GOOD[at:at + 1])
        # Until the relay's side has it: a segment for each byte. The kernel's own count, no time.
        wait_until(lambda: unsent(client) == 0, 20, f"byte {at} is acknowledged")
        if at == len(GOOD) - 2:
            assert_nobody_came(listener)
            listener.settimeout(20)
    host = accept(network, listener)
    assert_equal_bytes(read_exactly(host, len(GOOD)), GOOD, "the bind")
    for turn in range(20):
        client.sendall(b"?%d" % turn)
        assert_equal_bytes(read_exactly(host, len(b"?%d" % turn)), b"?%d" % turn, f"question {turn}")
        host.sendall(b"!")
        assert_equal_bytes(read_exactly(client, 1), b"!", f"answer {turn}")
    client.close()
    assert_equal_bytes(read_to_end(host), b"", "to the host")
    host.close()
    relay.wait_connections(0, 1)


def unsent(sock):
    """Bytes that the other side has not acknowledged (SIOCOUTQ, tcp(7))."""
    return struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ, bytes(4)))[0]


def test_several_interfaces_are_allowed(network, start_relay):
    listener = network.listen(7001)
    relay = start_relay(guard=f"dcerpc:{MAPPER},{MANAGEMENT.upper()}")
    assert relay.record()["guard"] == f"dcerpc:{MAPPER},{MANAGEMENT}", relay.record()
    payload = bind((MANAGEMENT, 1, [NDR]), (MAPPER, 3, [NDR]))
    client = network.connect()
    client.sendall(payload)
    assert_equal_bytes(read_exactly(accept(network, listener), len(payload)), payload, "a bind to both")
    client = network.connect()
    client.sendall(bind((MANAGEMENT, 1, [NDR]), (WINREG, 1, [NDR])))
    assert_reset(client, "a bind to a third one")


# Those who do not come to an end.

@pytest.mark.parametrize("first", [b"", HALF], ids=["nothing", "half-a-bind"])
def test_who_falls_silent_is_reset_in_time(network, start_relay, first):
    listener = network.listen(7001)
    relay = start_relay(first_byte_timeout_s=1)
    client = network.connect()
    client.sendall(first)
    assert_reset(client, "who fell silent")
    assert_refused(relay, "refused_first_byte")
    assert_nobody_came(listener)


def test_trickling_does_not_put_the_end_off(network, start_relay):
    """The time is for the whole bind: a byte now and then does not start it anew."""
    listener = network.listen(7001)
    relay = start_relay(first_byte_timeout_s=1)
    client = network.connect()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        for at in range(len(GOOD) - 1):  # as slow as it takes, each far within the limit
            client.sendall(GOOD[at:at + 1])
            client.settimeout(0.3)
            try:
                assert client.recv(1) != b"", "expected a reset, got an end of stream"
            except TimeoutError:
                pass
    assert_refused(relay, "refused_first_byte")
    assert_nobody_came(listener)


def test_who_has_bound_may_be_silent(network, start_relay):
    """The limit is for the first PDU, not for what comes after it."""
    listener = network.listen(7001)
    relay = start_relay(first_byte_timeout_s=1)
    client = network.connect()
    client.sendall(GOOD)
    host = accept(network, listener)
    assert_equal_bytes(read_exactly(host, len(GOOD)), GOOD, "the bind")
    slower = network.connect()
    assert_reset(slower, "a later one that says nothing")  # by then the limit is over for the first one, too
    record = relay.wait_record(lambda r: r.number("refused_first_byte") == 1, "refused_first_byte=1")
    assert record.number("connections_now") == 1, record
    client.sendall(b"question")
    assert_equal_bytes(read_exactly(host, 8), b"question", "question")


def test_half_a_bind_and_its_end_are_refused_at_once(network, start_relay):
    listener = network.listen(7001)
    relay = start_relay(first_byte_timeout_s=86400)
    client = network.connect()
    client.sendall(HALF)
    client.shutdown(socket.SHUT_WR)
    assert_reset(client, "half a bind and the end of the stream")
    assert_refused(relay, "refused_guard")
    assert_nobody_came(listener)


def test_client_that_goes_in_the_midst_of_its_bind(network, start_relay):
    network.listen(7001)
    relay = start_relay(first_byte_timeout_s=86400)
    client = network.connect()
    client.sendall(HALF)
    relay.wait_record(lambda r: r.number("connections_now") == 1, "connections_now=1")
    reset(client)
    relay.wait_record(lambda r: r.number("connections_now") == 0, "connections_now=0")
    kinds = relay.descriptors()
    again = network.connect()
    again.sendall(b"GET /")
    assert_reset(again, "the next one")
    relay.wait_record(lambda r: r.number("connections_now") == 0 and r.number("refused_guard") >= 1, "it is over")
    assert relay.descriptors() == kinds, f"expected {kinds}, got {relay.descriptors()}"


def test_no_bind_is_waited_for_longer_than_the_drain(network, start_relay):
    """SIGTERM while half a bind is there: the relay ends (status 0 is asserted when it is closed)."""
    network.listen(7001)
    relay = start_relay(first_byte_timeout_s=86400)
    client = network.connect()
    client.sendall(HALF)
    relay.wait_record(lambda r: r.number("connections_now") == 1, "connections_now=1")
    relay.child.terminate()
    assert_reset(client, "who was in the midst of its bind")
    relay.child.wait(20)
