"""The status page of the image says what its screen says, to its own networks, and nobody who keeps it busy is felt elsewhere."""

import concurrent.futures
import contextlib
import http.client
import json
import re

from netns import Namespace
from relayed import wait_relayed
from status_page import ask, wait_answer
from tcp import exchange_at_once
from waiting import wait_until

CONNECTIONS_HELD, CONNECTIONS = 200, 3000


def test_same_as_the_screen(dual_stack, boot):
    guest = boot(dual_stack)
    four = guest.wait_address(r"192\.0\.2\.\d+")
    six = guest.wait_address(r"2001:db8:1:[0-9a-f:]+")
    guest.wait_screen(r"Ready: relay to 192\.0\.2\.1:1688")
    for host in (four, six):
        assert wait_answer(dual_stack, host, "/healthz") == "ok\n"
    status = json.loads(ask(dual_stack, four, "/status.json")[1])
    assert status["verdict"]["ready"] and status["verdict"]["text"].startswith("Ready: relay to 192.0.2.1:1688")
    addresses = [address["address"].split("/")[0] for address in status["nics"][0]["addresses"] if address["usable"]]
    assert addresses == [four, six]
    assert f"<b>{four}/24" in ask(dual_stack, four)[1]
    metrics = ask(dual_stack, four, "/metrics")[1]
    assert "\nthimble_healthy 1\n" in metrics and re.search(r"\nthimble_nic_receive_bytes_total\{nic=\"eth0\"\} [1-9]", metrics)
    assert re.search(rf"^\S+Z info net: eth0: has address {four}/24$", ask(dual_stack, four, "/log")[1], re.MULTILINE)

    guest.press(b"r")
    guest.wait_screen(r"Restart the service\?")
    guest.press(b"y")
    guest.wait_screen(r"Service +relay running.*1 restart")
    status = json.loads(ask(dual_stack, four, "/status.json")[1])
    assert status["service"]["restarts"] == 1


def test_nobody_from_elsewhere(keep, dual_stack, boot):
    """A client behind the router is refused before it has said anything; status-allow lets it in."""
    far = keep(Namespace("far"))
    dual_stack.ip("link", "add", "far", "type", "veth", "peer", "name", "eth0", "netns", far.name)
    dual_stack.ip("address", "add", "198.51.100.1/24", "dev", "far")
    dual_stack.ip("link", "set", "far", "up")
    far.ip("address", "add", "198.51.100.9/24", "dev", "eth0")
    far.ip("link", "set", "eth0", "up")
    far.ip("route", "add", "default", "via", "198.51.100.1")
    dual_stack.sysctl("net.ipv4.ip_forward", 1)

    guest = boot(dual_stack, name="closed")
    four = guest.wait_address(r"192\.0\.2\.\d+")
    wait_answer(dual_stack, four, "/healthz")
    with contextlib.suppress(ConnectionResetError, http.client.RemoteDisconnected):
        raise AssertionError(f"expected to be refused, got {ask(far, four, '/healthz')}")
    metrics = ask(dual_stack, four, "/metrics")[1]
    assert re.search(r'\nthimble_web_refused_total\{reason="not_allowed"\} [1-9]', metrics), metrics
    guest.close()
    guest = boot(dual_stack, append="thimble.status-allow=198.51.100.0/24 thimble.status-port=8000", name="open")
    four = guest.wait_address(r"192\.0\.2\.\d+")
    assert wait_answer(far, four, "/healthz", port=8000) == "ok\n"


def test_off(dual_stack, boot):
    guest = boot(dual_stack, append="thimble.status-port=0")
    four = guest.wait_address(r"192\.0\.2\.\d+")
    wait_relayed(dual_stack, four)
    with contextlib.suppress(ConnectionRefusedError):
        raise AssertionError(f"expected nobody at port 80, got {ask(dual_stack, four)}")


def test_relay_and_screen_do_not_feel_it(dual_stack, boot):
    """Slow clients that hold all there is to hold, and thousands that come and go."""
    guest = boot(dual_stack)
    four = guest.wait_address(r"192\.0\.2\.\d+")
    wait_answer(dual_stack, four, "/healthz")

    def knock(number):
        with contextlib.suppress(OSError), dual_stack.connect(four, 80, 5) as client:
            client.sendall(b"GET /%d HTTP/1.1\r\nX: " % number + b"\xff\0" * 3000)
            client.recv(1)

    def hold(stack):
        with contextlib.suppress(OSError):
            stack.enter_context(dual_stack.connect(four, 80, 5)).sendall(b"GET / HT")
    with contextlib.ExitStack() as stack, concurrent.futures.ThreadPoolExecutor(16) as pool:
        for _ in range(CONNECTIONS_HELD):
            hold(stack)
        knocking = [pool.submit(knock, number) for number in range(CONNECTIONS)]
        exchange_at_once(dual_stack, four, 1688, 20, 20000, 60)
        uptime = int(guest.wait_screen(r"System +up (?:(\d+) min )?(\d+) s")[2])
        guest.wait_screen(rf"System +up (?:\d+ min )?(?!{uptime} )\d+ s")
        for done in knocking:
            done.result()
    guest.wait_screen(r"Service +relay running.*, 0 restarts")
    assert wait_answer(dual_stack, four, "/healthz") == "ok\n"
    metrics = wait_answer(dual_stack, four, "/metrics")
    assert "\nthimble_program_restarts_total{name=\"web\"} 0\n" in metrics, metrics


def test_the_services_own_port(dual_stack, boot_misbehaving):
    """A service on port 80 keeps it, and its log says what to set; on another port the page tells of it."""
    def say(host, port):
        with dual_stack.connect(host, port, 20) as sock:
            sock.sendall(b"echo the service\n")
            return sock.recv(64)
    facts = {"SERVICE_PORTS": "80/tcp", "SERVICE_CAPABILITIES": "net_bind_service"}
    guest = boot_misbehaving(dual_stack, arguments="80", fact_changes=facts, name="taken")
    four = guest.wait_address(r"192\.0\.2\.\d+")
    wait_until(lambda: say(four, 80) == b"the service\n", 30, "the service at port 80")
    guest.wait_screen(r"no status page: port 80 is the service's; set status-port")
    guest.close()
    guest = boot_misbehaving(dual_stack, arguments="80", fact_changes=facts, append="thimble.status-port=8000", name="both")
    four = guest.wait_address(r"192\.0\.2\.\d+")
    assert wait_answer(dual_stack, four, "/healthz", port=8000) == "ok\n"
    assert say(four, 80) == b"the service\n"
    assert json.loads(ask(dual_stack, four, "/status.json", 8000)[1])["service"]["ports"] == "80/tcp"
