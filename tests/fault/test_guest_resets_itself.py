"""A guest whose PID 1 is gone resets itself; one whose PID 1 feeds the machine's watchdog stays."""

import pytest

from guests import MISBEHAVE
from overlay import overlay

PANIC_S = 60  # five seconds of the guest's time to read the message, and a boot


def test_end_of_pid1_resets(boot, tmp_path):
    # Any program that ends will do: it wants an argument.
    end = overlay(tmp_path, {"/init": (0o755, MISBEHAVE.read_bytes())})
    guest = boot(extra=["-initrd", str(end)])
    guest.wait_screen(r"Kernel panic - not syncing: Attempted to kill init", PANIC_S)
    guest.wait_off("guest-reset", PANIC_S)


@pytest.mark.deadline(200)
def test_watchdog_of_the_machine_is_fed(dual_stack, boot):
    guest = boot(dual_stack, extra=["-device", "i6300esb"])
    guest.wait_screen(r"watchdog: i6300ESB")
    # Unfed it bites after 30 s.
    guest.wait_screen(r"^ System +up (4\d s|[1-9] min)", 90)
    resets = [event for event in guest.qmp.events if event["event"] in ("SHUTDOWN", "RESET", "WATCHDOG")]
    assert not resets, f"expected no reset, got {resets}"
