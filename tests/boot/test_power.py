"""Power button, Ctrl-Alt-Del and the screen's own key end the guest cleanly, and the screen says so."""

import pytest

OFF_S = 10  # two seconds of the guest's time, under emulation on a busy machine


@pytest.mark.parametrize("machine", ["pc", "q35", "microvm-pcie"])
def test_power_button(dual_stack, boot, machine):
    guest = boot(dual_stack, machine=machine)
    guest.wait_address(r"192\.0\.2\.\d+")
    guest.power_button()
    guest.wait_screen(r"Stopping: power button")
    guest.wait_off("guest-shutdown", OFF_S)


def test_ctrl_alt_del_reboots(dual_stack, boot):
    guest = boot(dual_stack)
    guest.wait_address(r"192\.0\.2\.\d+")
    guest.ctrl_alt_del()
    guest.wait_screen(r"Stopping: Ctrl-Alt-Del")
    guest.wait_off("guest-reset", OFF_S)


def test_key_asks_once(dual_stack, boot):
    guest = boot(dual_stack)
    guest.wait_address(r"192\.0\.2\.\d+")
    guest.press(b"p")
    guest.wait_screen(r"(?i)power off\?")
    guest.press(b"n")
    guest.wait_not_on_screen(r"(?i)power off\?")
    guest.press(b"p")
    guest.wait_screen(r"(?i)power off\?")
    guest.press(b"y")
    guest.wait_screen(r"Stopping: .*console")
    guest.wait_off("guest-shutdown", OFF_S)
