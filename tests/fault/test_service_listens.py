"""A service is ready when the network can reach its declared ports; screen and /healthz name the others."""

import http.client

import pytest

from misbehave import tell
from waiting import wait_until


PORTS = "7000/tcp 7001/tcp 7002/udp"


def health(lan, host):
    """Status and text of /healthz."""
    connection = http.client.HTTPConnection(host, timeout=20)
    connection.sock = lan.connect(host, 80, 20)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        return answer.status, answer.read().decode("ascii").strip()
    finally:
        connection.close()


def wait_health(lan, host, *expected):
    wait_until(lambda: health(lan, host) == expected, 60, f"/healthz is {expected}",
               lambda: health(lan, host))


@pytest.mark.deadline(300)
def test_ports_come_and_go(dual_stack, boot_misbehaving):
    guest = boot_misbehaving(dual_stack, fact_changes={"SERVICE_PORTS": PORTS})
    guest.wait_screen(r"Not ready: .*misbehave does not listen yet: port 7001/tcp, 7002/udp")
    guest.wait_screen(r"Not ready: misbehave does not listen: port 7001/tcp, 7002/udp", 120)
    host = guest.wait_address(r"192\.0\.2\.\d+")
    wait_health(dual_stack, host, 503,
                "Not ready: misbehave does not listen: port 7001/tcp, 7002/udp")
    for command in ("listen 0.0.0.0 7002 udp", "listen ::1 7001 tcp"):
        assert tell(dual_stack, host, command) == b"ok\n", command
    guest.wait_screen(r"misbehave listens on loopback only, which the network cannot reach: port 7001/tcp")
    assert tell(dual_stack, host, "listen 0.0.0.0 7001 tcp") == b"ok\n"
    guest.wait_screen(rf"Ready: misbehave on {host}, port 7000/tcp, 7001/tcp, 7002/udp")
    wait_health(dual_stack, host, 200, "ok")
    assert tell(dual_stack, host, "unlisten") == b"ok\n"
    guest.wait_screen(r"Not ready: misbehave no longer listens: port 7001/tcp, 7002/udp")


def test_service_without_ports_is_ready_when_it_runs(dual_stack, boot_misbehaving):
    guest = boot_misbehaving(dual_stack, fact_changes={"SERVICE_PORTS": ""})
    guest.wait_screen(r"Ready: misbehave on 192\.0\.2\.\d+")
