"""A foreign service that hangs with its port open is found by `service-check`, shown, and started anew; in a box and without one."""

import pathlib

import pytest

from guest import TREE
from misbehave import tell, wait_answers
from status_page import ask, wait_answer

BOXED = pathlib.Path(TREE / "out/misbehave-x86_64.efi")
BACK_S = 90  # three checks of a guest in emulation, and a start


def wait_service(guest, words, deadline_s=60):
    """On the screen, wherever its lines break."""
    guest.wait_screen(r"Service\s+misbehave running.*" + words.replace(" ", r"\s+"), deadline_s)


def hang(lan, host):
    sock = lan.connect(host, 7000, 20)
    sock.sendall(b"hang\n")
    return sock


@pytest.mark.deadline(240)
@pytest.mark.parametrize("boxed", [False, True], ids=["plain", "boxed"])
def test_http(dual_stack, boot, boot_misbehaving, boxed):
    setting = "thimble.service-check=http:7000/health"
    guest = boot(dual_stack, upstream=None, image=BOXED, append=setting) if boxed else boot_misbehaving(dual_stack, append=setting)
    host = guest.wait_address(r"192\.0\.2\.\d+")
    wait_service(guest, "health: healthy, 0 restarts")
    assert wait_answer(dual_stack, host, "/healthz") == "ok\n"
    assert "\nthimble_service_healthy 1\n" in ask(dual_stack, host, "/metrics")[1]
    with hang(dual_stack, host):
        answer = wait_answer(dual_stack, host, "/healthz", 503)
        assert "misbehave is unhealthy" in answer, f"expected why, got {answer!r}"
        assert "\nthimble_service_healthy 0\n" in ask(dual_stack, host, "/metrics")[1]
        wait_service(guest, "health: healthy, 1 restart, last exit: its check failed: its check took more than 2000 ms", BACK_S)
    assert wait_answer(dual_stack, host, "/healthz") == "ok\n"

    # An answer that says no is none.
    assert tell(dual_stack, host, "status 500") == b"ok\n"
    wait_service(guest, "health: [a-z]+, 2 restarts, last exit: its check failed: port 7000: HTTP status 500", BACK_S)
    wait_answers(dual_stack, host)


@pytest.mark.deadline(240)
def test_tcp(dual_stack, boot_misbehaving):
    """One that does not listen yet is let be."""
    guest = boot_misbehaving(dual_stack, append="thimble.service-check=tcp:7100")
    host = guest.wait_address(r"192\.0\.2\.\d+")
    wait_answers(dual_stack, host)
    guest.wait_screen(r"^ System +up (2\d|3\d) s")
    wait_service(guest, "health: starting, 0 restarts")
    assert tell(dual_stack, host, "listen :: 7100 tcp") == b"ok\n"
    guest.wait_screen(r"health: healthy")
    assert tell(dual_stack, host, "unlisten") == b"ok\n"
    guest.wait_screen(r"health: unhealthy")
    wait_service(guest, "health: starting, 1 restart, last exit: its check failed: port 7100: Connection refused", BACK_S)


@pytest.mark.deadline(240)
def test_stopped(dual_stack, boot):
    """Without a check: by a signal, which the box's first process hears of."""
    guest = boot(dual_stack, upstream=None, image=BOXED)
    host = guest.wait_address(r"192\.0\.2\.\d+")
    wait_answers(dual_stack, host)
    with dual_stack.connect(host, 7000, 20) as sock:
        sock.sendall(b"stop 0\n")  # its own process group
        guest.wait_screen(r"Not ready: misbehave: not answering for [3-9] s")
        wait_service(guest, "port [^,]*, 1 restart, last exit: hung: ended by init", BACK_S)
    wait_answers(dual_stack, host)
