"""Programs that are slow for want of the processor, and a machine that was paused, are not taken for hung."""

import time

import pytest

from rooted import PROGRAMS, start_rooted
from waiting import wait_until

ALL = [*PROGRAMS, "service"]
PAUSE_S = 15  # more than a program may be silent


def uptime_s(root):
    return int(root.record("system").get("uptime_s", -1))


def wait_uptime(root, seconds):
    end = uptime_s(root) + seconds
    wait_until(lambda: uptime_s(root) >= end, 20 * seconds, f"the guest has lived for {seconds} s more", lambda: uptime_s(root))


@pytest.mark.deadline(500)
def test_busy_processor(dual_stack, boot, tmp_path):
    """64 processes spin; each program is started anew meanwhile, and comes up."""
    _, root = start_rooted(dual_stack, boot, tmp_path)
    assert root.tell("burn 64") == "ok\n"
    wait_uptime(root, 15)
    assert root.restarts(ALL) == dict.fromkeys(ALL, 0)
    for name in ALL:
        assert root.tell(f"kill {root.record(name)['pid']}") == "ok\n"
    for name in ALL:
        wait_until(lambda: (record := root.record(name)).get("state") == "running" and record["restarts"] == "1", 90,
                   f"{name} runs again", lambda: root.record(name))
    wait_uptime(root, 20)
    assert root.restarts(ALL) == dict.fromkeys(ALL, 1)


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
