"""Programs that are slow for want of the processor, and a machine that was paused, are not taken for hung."""

import time

import pytest

from relayed import exchange
from rooted import PROGRAMS, start_rooted
from servers import wait_renewed
from status_page import ask
from waiting import wait_until

ALL = [*PROGRAMS, "service"]
PAUSE_S = 15  # more than a program may be silent
SPINNING, REQUESTS = 64, 20
FED_S = 40  # more than the watchdog waits


def uptime_s(root):
    return int(root.record("system").get("uptime_s", -1))


def wait_uptime(root, seconds):
    end = uptime_s(root) + seconds
    wait_until(lambda: uptime_s(root) >= end, 20 * seconds, f"the guest has lived for {seconds} s more", lambda: uptime_s(root))


@pytest.mark.deadline(500)
def test_busy_processor(dual_stack, boot, tmp_path):
    """64 processes spin; each program is started anew meanwhile, and comes up."""
    _, root = start_rooted(dual_stack, boot, tmp_path)
    assert root.tell(f"burn {SPINNING}") == "ok\n"
    wait_uptime(root, 15)
    assert root.restarts(ALL) == dict.fromkeys(ALL, 0)
    for name in ALL:
        assert root.tell(f"kill {root.record(name)['pid']}") == "ok\n"
    for name in ALL:
        wait_until(lambda: (record := root.record(name)).get("state") == "running" and record["restarts"] == "1", 90,
                   f"{name} runs again", lambda: root.record(name))
    wait_uptime(root, 20)
    assert root.restarts(ALL) == dict.fromkeys(ALL, 1)


@pytest.mark.deadline(500)
def test_busy_processor_beside_work(renewing, boot, tmp_path):
    """The same number beside the relay's and the page's clients: all of them, the lease, the screen and the watchdog are served."""
    guest, root = start_rooted(renewing.lan, boot, tmp_path, "-device", "i6300esb")
    guest.wait_screen(r"watchdog: i6300ESB")
    assert root.tell(f"burn {SPINNING}") == "ok\n"
    began_s = uptime_s(root)
    for number in range(REQUESTS):
        assert ask(renewing.lan, root.host)[0] == 200, f"request {number}"
        assert exchange(renewing.lan, root.host, timeout=60) == b"through the relay"
    wait_renewed(renewing)
    guest.wait_not_on_screen(guest.wait_screen(r" up [0-9a-z ]+,")[0])
    wait_uptime(root, began_s + FED_S - uptime_s(root))
    wait_renewed(renewing)
    assert root.restarts(ALL) == dict.fromkeys(ALL, 0)
    assert not [event for event in guest.qmp.events if event["event"] in ("RESET", "WATCHDOG")]


@pytest.mark.deadline(300)
def test_paused_machine(dual_stack, boot, tmp_path):
    guest, root = start_rooted(dual_stack, boot, tmp_path, "-device", "i6300esb")
    guest.wait_screen(r"watchdog: i6300ESB")
    for _ in range(2):
        guest.qmp.command("stop")
        time.sleep(PAUSE_S)
        guest.qmp.command("cont")
        wait_uptime(root, 2)
    wait_uptime(root, 12)
    assert root.restarts(ALL) == dict.fromkeys(ALL, 0)
    guest.wait_screen(r"Ready: relay to 192\.0\.2\.1:1688")
    assert not [event for event in guest.qmp.events if event["event"] in ("RESET", "WATCHDOG")]
