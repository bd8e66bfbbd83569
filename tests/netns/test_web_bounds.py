"""Whatever clients of the status page do, it ends: slow ones, silent ones, too many, too long, junk. The relay and the screen
beside it do not feel it."""

import contextlib
import json
import re
import socket
import threading
import time

import pytest

from console import Console, Records
from relay import reset
from tcp import TcpPeer, echo, exchange_at_once
from waiting import wait_until
from web import GUEST_PROGRAM, Web, read_all

ALL, EACH = 32, 8  # connections at once, in all and of one client
ASK = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def web(keep, tmp_path):
    web = keep(Web(tmp_path))
    web.records.well()
    web.lines([(number, 6, "relay", "x" * 200) for number in range(290)])
    return web


@pytest.fixture
def client_of(keep, web):
    """A client from 127.0.0.NUMBER, which may have a small buffer for what it reads."""
    def connect(number=1, receive_bytes=None):
        client = keep(socket.socket())
        if receive_bytes:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        client.bind((f"127.0.0.{number}", 0))
        client.settimeout(20)
        client.connect(("127.0.0.1", web.port))
        return client
    return connect


def ends(client):
    """Whether the server ends it without a word, by end of stream or reset, while it is given a byte now and then."""
    return read_all(client) == b""


def refused(client_of, number):
    """Whether a client from there is ended at once. Its connect() may be so late that it sees the reset."""
    try:
        return ends(client_of(number))
    except ConnectionResetError:
        return True


def counts(web):
    return json.loads(web.get("/status.json", host="::1"))["web"]


def wait_refused(web, reason, number):
    wait_until(lambda: counts(web)["refused"][reason] == number, 20, f"{number} refused for {reason}", lambda: str(counts(web)))


def test_slow_requests(web, client_of):
    """Time counts from the connection on: a byte now and then does not stretch it."""
    silent, slow = client_of(2), client_of(3)
    stop = threading.Event()

    def drip():
        with contextlib.suppress(OSError):
            for byte in b"GET / HTTP/1.1\r\nX: " + b"a" * 2000:
                slow.send(bytes([byte]))
                if stop.wait(0.1):
                    return
    thread = threading.Thread(target=drip)
    thread.start()
    try:
        assert ends(silent) and ends(slow)
    finally:
        stop.set()
        thread.join()
    wait_refused(web, "too_slow", 2)
    wait_until(lambda: counts(web)["connections_now"] == 1, 20, "their places are free")


def test_clients_that_do_not_read(web, client_of):
    """They lose their place, and what they were sent is not kept; others are answered meanwhile."""
    clients = [client_of(2, 2048) for _ in range(EACH)]
    for client in clients:
        client.sendall(ASK.replace(b"/healthz", b"/log"))
    wait_until(lambda: counts(web)["connections_now"] > 1, 20, "they have a place")
    for _ in range(20):
        assert web.get("/healthz", host="::1") == "ok\n"
    wait_until(lambda: counts(web)["connections_now"] == 1, 25, "their places are free", lambda: str(counts(web)))
    assert counts(web)["refused"]["too_slow"] > 0
    # There is no memory for all of them at once: the first ones gave way, and those behind them were told.
    answers = [read_all(client) for client in clients]
    assert any(answer.startswith(b"HTTP/1.1 503 ") and b"\r\nRetry-After: 1\r\n" in answer for answer in answers)
    assert not any(answer.endswith(b"x\n") and len(answer) > 60000 for answer in answers)


def test_clients_that_do_not_leave(web, client_of):
    """Who has an answer and stays keeps its place, and nobody else's."""
    for _ in range(EACH):
        client = client_of(2)
        client.sendall(ASK)
        assert client.recv(4096).endswith(b"ok\n")
    assert refused(client_of, 2)
    wait_refused(web, "client_full", 1)
    assert web.get("/healthz") == "ok\n"


def test_a_client_that_reads_slowly_gets_it_all(web, client_of):
    client = client_of(2, 2048)
    client.sendall(ASK.replace(b"/healthz", b"/log"))
    parts = []
    while part := client.recv(4000):
        parts.append(part)
        time.sleep(0.01)  # the slowness itself
    head, _, body = b"".join(parts).partition(b"\r\n\r\n")
    assert int(re.search(rb"Content-Length: (\d+)", head)[1]) == len(body) > 60000


def test_limits(web, client_of):
    """One client cannot take all places, and its oldest one gives way to another; so does the oldest when all are taken;
    and places come back."""
    mine = [client_of(2) for _ in range(EACH)]
    assert web.say(ASK).startswith(b"HTTP/1.1 200")
    mine.append(client_of(2))
    assert ends(mine[0])
    wait_refused(web, "gave_way", 1)
    others = [client_of(number) for number in (3, 4, 5) for _ in range(EACH)]
    assert web.get("/healthz") == "ok\n"
    assert ends(mine[1])
    for client in mine[2:] + others:
        client.close()
    wait_until(lambda: counts(web)["connections_now"] == 1, 20, "all are", lambda: str(counts(web)))
    refused = counts(web)["refused"]
    assert refused["gave_way"] >= 2 or refused["too_slow"], f"on a slow machine time ends some first: {refused}"


SITTING = {  # what they say, and the buffer for what they read
    "silent": (b"", None),
    "half a request": (ASK[:-2], None),
    "does not leave": (ASK, None),
    "does not read": (ASK.replace(b"/healthz", b"/log"), 2048),
}


@pytest.mark.parametrize("how", SITTING)
def test_all_places_are_sat_on(web, client_of, how):
    """A health check gets in at once, again and again, whatever those say who are there."""
    data, receive_bytes = SITTING[how]
    for number in range(2, 2 + ALL // EACH):
        for _ in range(EACH):
            client = client_of(number, receive_bytes)
            with contextlib.suppress(ConnectionError):
                client.sendall(data)
    for _ in range(2 * ALL):
        assert web.get("/healthz") == "ok\n"


def test_named_clients_keep_their_places(web, client_of):
    """Of a prefix in status-allow, beside on-link: strangers of the link push each other out, and not them."""
    web.restart(status_allow="127.0.0.9/32,on-link")
    named = client_of(9)
    strangers = [client_of(number) for number in range(10, 20) for _ in range(EACH)]
    wait_until(lambda: counts(web)["refused"]["gave_way"] >= len(strangers) - ALL, 20, "most strangers are out",
               lambda: str(counts(web)))
    named.sendall(ASK)
    assert read_all(named).endswith(b"ok\n")


def request(target=b"/", fields=b""):
    return b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\n" + fields + b"\r\n"


LONG = {
    "field": (request(fields=b"X: " + b"a" * 20000 + b"\r\n"), (400, 431)),
    "fields": (request(fields=b"a: b\r\n" * 5000), (400, 431)),
    "just too long": (request(fields=b"X: " + b"a" * 4080 + b"\r\n"), (431,)),
    "target": (request(b"/" + b"a" * 20000), (414,)),
    "name": (request(fields=b"a" * 20000 + b": b\r\n"), (400, 431)),
    "method": (b"G" * 20000 + b" / HTTP/1.1\r\n\r\n", (400, 414, 431, 501)),
}


@pytest.mark.parametrize("case", LONG)
def test_too_long(web, case):
    """Answered with what is wrong, or ended."""
    data, statuses = LONG[case]
    answer = b""
    with contextlib.suppress(ConnectionError):
        answer = web.say(data)
    assert answer == b"" or int(answer.split()[1]) in statuses, answer[:200]
    assert web.get("/healthz") == "ok\n"


def test_just_not_too_long(web):
    assert web.say(request(fields=b"X: " + b"a" * 4000 + b"\r\n")).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("argument", [b"%s", b"a=%s", b"%s=", b"a=b&%s"])
def test_arguments_and_no_fields(web, argument):
    """However little room is left behind the target, and whatever comes behind the request."""
    for length in range(100, 4000, 100):
        for tail in (b"", ASK, b"x" * 64):
            with web.connect() as client:
                client.sendall(b"GET /healthz?" + argument % (b"a" * length) + b" HTTP/1.0\r\n\r\n" + tail)
                answer = read_all(client)
            assert answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"\r\n\r\nok\n"), (length, tail, answer[:200])


JUNK = [b"\0" * 3000, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\r\n" * 1000,
        b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/7.7\r\nHost: localhost\r\n\r\n", b"GET\r\n\r\n", b"\xff\xfe" * 500 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nzzz"]


@pytest.mark.parametrize("junk", JUNK, ids=range(len(JUNK)))
def test_junk(web, junk):
    with web.connect() as client:
        with contextlib.suppress(OSError):  # it may be over before
            client.sendall(junk)
            client.shutdown(socket.SHUT_WR)
        answer = read_all(client)
    assert answer == b"" or re.match(rb"HTTP/1\.[01] (200|400|413|431|501|505) ", answer), answer[:200]
    assert b"Location" not in answer
    assert web.get("/healthz") == "ok\n"


def test_pipelined(web):
    """One answer a connection; what stands behind the request is not looked at, and does not take the answer away."""
    for tail in (ASK * 1000, b"\0" * 100000):
        with web.connect() as client:
            client.sendall(ASK)
            with contextlib.suppress(OSError):
                client.sendall(tail)
            assert read_all(client).count(b"HTTP/1.1 ") == 1


def flood(namespace, address, sources, number):
    """NUMBER connections, 500 at a time, some with half a request; all of them reset in the end."""
    for begin in range(0, number, 500):
        clients = []
        for i in range(begin, begin + 500):
            client = namespace.socket(socket.AF_INET, socket.SOCK_STREAM)
            client.setblocking(False)
            client.bind((sources[i % len(sources)], 0))
            client.connect_ex((address, 80))
            clients.append(client)
        for client in clients[::3]:
            with contextlib.suppress(OSError):
                client.send(b"GET /metrics HTTP/1.1\r\n")
        for client in clients:
            reset(client)


def test_10000_connections(keep, splicing_network, tmp_path):
    """The relay passes every byte and the screen follows its records meanwhile; afterwards memory is what it was."""
    network, sources = splicing_network, [f"192.0.2.{100 + number}" for number in range(40)]
    for source in sources:
        network.lan.ip("address", "add", f"{source}/24", "dev", "br0")
    records = Records(tmp_path / "page")
    records.well()
    web = keep(Web(tmp_path, records, network.box, GUEST_PROGRAM))
    console = keep(Console(records, tmp_path, mode=None))
    console.wait("Ready: relay to 10.0.0.5:1688")
    keep(TcpPeer(network.lan, echo, network.host, 7001))
    network.start_relay(upstream=f"{network.host}:7001")
    web.get("/")
    before_kb = web.resident_kb()
    thread = threading.Thread(target=flood, args=(network.lan, network.relay, sources, 10000))
    thread.start()
    rounds = 0
    while thread.is_alive() or rounds == 0:
        exchange_at_once(network.lan, network.relay, 1688, 20, 20_000, 20)
        rounds += 1
        records.relay(connections_total=5000 + rounds)
        console.wait(f", {5000 + rounds} in all")
    thread.join()
    wait_until(lambda: web.get("/healthz", host=network.relay, source=network.lan) == "ok\n", 20, "the page is back")
    assert counts_of_box(web) > 5000  # some are gone before they are looked at
    for path in ("/", "/metrics", "/status.json"):
        web.get(path)
    assert web.resident_kb() < before_kb + 200, f"expected about {before_kb} kB as before, got {web.resident_kb()}"


def counts_of_box(web):
    refused = json.loads(web.get("/status.json"))["web"]["refused"]
    return refused["client_full"] + refused["full"] + refused["gave_way"]
