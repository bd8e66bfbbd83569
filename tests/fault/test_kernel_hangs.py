"""A kernel that turns in a circle with interrupts off is reset by the machine's own watchdog, and serves again; softdog, a
timer of the same kernel, does not help."""

import time

import pytest

from gdb_stub import GdbPort
from guest import RESETS
from relayed import exchange, wait_relayed

BITES_S = 200  # 30 s of a guest in emulation
STUCK_S = 45  # more than softdog's 30 s
LAST = r"^ +last reset: watchdog\b"


@pytest.fixture
def hung(keep, dual_stack, boot):
    """hung(IDENTITY, DEVICE...): a guest that serves, uses that watchdog, and whose kernel hangs from now on."""
    def hang(identity, *device):
        port = keep(GdbPort())
        guest = boot(dual_stack, extra=[*RESETS, *port.argv(), *device])
        host = guest.wait_address(r"192\.0\.2\.\d+")
        wait_relayed(dual_stack, host)
        guest.wait_screen(rf"watchdog: {identity}")
        guest.wait_not_on_screen(LAST)
        return guest, host, port, port.hang_kernel()
    return hang


def resets(guest):
    return [event for event in guest.qmp.events if event["event"] in ("RESET", "WATCHDOG")]


@pytest.mark.deadline(500)
def test_i6300esb(hung, dual_stack):
    guest, *_ = hung("i6300ESB timer", "-device", "i6300esb")
    guest.qmp.wait_event("WATCHDOG", BITES_S)
    guest.qmp.wait_event("RESET", BITES_S)
    guest.wait_screen(LAST, BITES_S)
    guest.wait_screen(r"^ Ready: relay", BITES_S)
    wait_relayed(dual_stack, guest.wait_address(r"192\.0\.2\.\d+"))


@pytest.mark.deadline(400)
def test_software(hung, dual_stack):
    """It stays as it is until somebody resets it."""
    guest, host, port, stuck_at = hung("Software Watchdog")
    time.sleep(STUCK_S)
    assert not resets(guest), f"expected no reset, got {resets(guest)}"
    with pytest.raises(OSError):
        exchange(dual_stack, host, timeout=5)
    at, _ = port.where()
    assert at in (stuck_at, stuck_at + 1), f"expected the kernel at {stuck_at:#x}, got {at:#x}"
    guest.qmp.command("system_reset")
    guest.wait_screen(r"^ System +up [0-9] s", BITES_S)
    wait_relayed(dual_stack, guest.wait_address(r"192\.0\.2\.\d+"))
