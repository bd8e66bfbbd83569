"""A program that hangs is shown, then ended and started anew; the others and the relay's sessions know nothing of it."""

import contextlib

import pytest

from qga import Port
from relayed import echo
from rooted import PROGRAMS, start_rooted
from status_page import wait_answer
from waiting import wait_until

HUNG = "hung: ended by init"
NAMES = [*PROGRAMS, "child.agent"]
SEEN_S, BACK_S = 60, 90  # of a guest in emulation


def wait_record(root, name, what, holds):
    seen = {}

    def look():
        seen.update({"record": root.record(name)})
        return seen["record"] if seen["record"] and holds(seen["record"]) else None
    return wait_until(look, SEEN_S if what == "hung" else BACK_S, f"{name}: {what}", lambda: str(seen))


def see_hang(root, name, before):
    """NAME, which hangs now, is seen and started anew; nobody else is."""
    wait_record(root, name, "hung", lambda record: record["state"] == "hung")
    record = wait_record(root, name, "running again",
                         lambda record: record["state"] == "running" and int(record["restarts"]) > before[name])
    assert record["last_exit"] == HUNG, f"{name}: expected {HUNG!r}, got {record}"
    after = root.restarts([*NAMES, "service"])
    expected = {**before, name: before[name] + 1}
    assert after == expected, f"expected of restarts {expected}, got {after}"
    return after


@pytest.fixture
def rooted(keep, dual_stack, boot, tmp_path):
    """A guest with all programs, and root in it."""
    guest, root = start_rooted(dual_stack, boot, tmp_path, *keep(Port()).argv())
    wait_record(root, "child.agent", "running", lambda record: record["state"] == "running")
    return guest, root


@pytest.mark.deadline(900)
def test_each_program_stopped(dual_stack, rooted):
    guest, root = rooted
    before = root.restarts([*NAMES, "service"])
    with dual_stack.connect(root.host, 1688, 30) as session:
        echo(session, b"before")
        for name in NAMES:
            pid = root.record(name)["pid"]
            assert root.tell(f"stop {pid}") == "ok\n"
            if name == "child.net":
                guest.wait_screen(r"^ Program +net hung, not answering for [3-9] s")
            before = see_hang(root, name, before)
            echo(session, name.encode())
        guest.wait_screen(r"Ready: relay to 192\.0\.2\.1:1688")


@pytest.mark.deadline(300)
def test_relay_stopped(dual_stack, rooted):
    """Whoever asks whether the relay is well gets a no, and why."""
    guest, root = rooted
    before = root.restarts([*NAMES, "service"])
    assert root.tell(f"stop {root.record('service')['pid']}") == "ok\n"
    answer = wait_answer(dual_stack, root.host, "/healthz", 503)
    assert "relay: not answering for " in answer, f"expected why, got {answer!r}"
    guest.wait_screen(r"Not ready: relay: not answering for [3-9] s")
    see_hang(root, "service", before)
    wait_answer(dual_stack, root.host, "/healthz", 200)


@pytest.mark.deadline(300)
def test_programs_spin(dual_stack, rooted):
    """In a circle that never ends, with all of the processor."""
    _, root = rooted
    before = root.restarts([*NAMES, "service"])
    for name in ("child.console.ttyS0", "service"):
        pid = root.record(name)["pid"]
        with contextlib.ExitStack() as stack:
            if name == "service":  # gives it something to do
                stack.enter_context(dual_stack.connect(root.host, 1688, 30)).sendall(b"hello")
            assert root.tell(f"spin {pid}") == "ok\n"
        before = see_hang(root, name, before)
