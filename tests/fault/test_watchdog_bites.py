"""A PID 1 that turns in a circle is reset by whatever watchdog the machine has, and the next start says so where the device tells."""

import pytest

import wdat
from guest import RESETS
from rooted import Root, root_overlay
from status_page import ask
from waiting import wait_until

BITES_S = 200  # 30 s of a guest in emulation; the iTCO's 60
LAST = r"^ +last reset: watchdog\b"


def wait_reason(root, reason):
    """It is told once init has opened the watchdogs."""
    wait_until(lambda: root.record("system").get("reset_reason") == reason, 30, f"reset_reason={reason}", lambda: root.record("system"))


@pytest.fixture
def bitten(dual_stack, boot, tmp_path):
    """bitten(IDENTITY, DEVICE, machine=...): that watchdog is in use, PID 1 begins to spin, and the machine has started anew."""
    def bite(identity, *device, **options):
        guest = boot(dual_stack, extra=["-initrd", str(root_overlay(tmp_path)), *RESETS, *device], **options)
        root = Root(dual_stack, guest.wait_address(r"192\.0\.2\.\d+"))
        root.wait_answers()
        guest.wait_screen(rf"watchdog: {identity}")
        wait_reason(root, "unknown")
        guest.wait_not_on_screen(LAST)
        assert root.tell("spin 1") == "ok\n"
        guest.qmp.wait_event("RESET", BITES_S)
        guest.wait_screen(rf"^ System +up \d+ s(?s:.)*watchdog: {identity}", BITES_S)
        root.host = guest.wait_address(r"192\.0\.2\.\d+")
        root.wait_answers()
        return guest, root
    return bite


@pytest.mark.deadline(500)
def test_i6300esb(bitten):
    guest, root = bitten("i6300ESB timer", "-device", "i6300esb")
    assert [event for event in guest.qmp.events if event["event"] == "WATCHDOG"]
    wait_reason(root, "watchdog")
    guest.wait_screen(LAST)
    assert 'thimble_last_reset{reason="watchdog"} 1\n' in ask(root.namespace, root.host, "/metrics")[1]
    # The next reset is none of its own.
    guest.qmp.command("system_reset")
    guest.wait_screen(r"^ System +up [0-9] s", BITES_S)
    root.host = guest.wait_address(r"192\.0\.2\.\d+")
    root.wait_answers()
    wait_reason(root, "unknown")
    guest.wait_not_on_screen(LAST)


@pytest.mark.deadline(500)
def test_itco(bitten):
    """q35's. The kernel's driver clears what the device remembers without a word."""
    guest, root = bitten("iTCO_wdt", "-global", "ICH9-LPC.noreboot=false", machine="q35")
    assert [event for event in guest.qmp.events if event["event"] == "WATCHDOG"]
    wait_reason(root, "unknown")


@pytest.mark.deadline(500)
def test_wdat(bitten, tmp_path):
    """The same, as firmware describes it in place of a driver: then it tells."""
    (tmp_path / "wdat").write_bytes(wdat.table())
    guest, root = bitten("wdat_wdt", "-global", "ICH9-LPC.noreboot=false", "-acpitable", f"sig=WDAT,data={tmp_path}/wdat", machine="q35")
    assert [event for event in guest.qmp.events if event["event"] == "WATCHDOG"]
    wait_reason(root, "watchdog")
    guest.wait_screen(LAST)


@pytest.mark.deadline(500)
def test_software(bitten):
    guest, root = bitten("Software Watchdog")
    assert not [event for event in guest.qmp.events if event["event"] == "WATCHDOG"]
    wait_reason(root, "unknown")
