"""Alt, held while a BIOS starts the image, gives a prompt for the kernel's command line; otherwise none is seen."""

import contextlib

import pytest

from media import boot_options, image
from relayed import wait_relayed
from vm.qmp import QmpError
from waiting import wait_until


def hold_alt(guest):
    """Pressed again and again until it is seen: the firmware forgets what came before it looked."""
    def prompted():
        with contextlib.suppress(QmpError):
            guest.qmp.command("input-send-event", events=[
                {"type": "key", "data": {"down": True, "key": {"type": "qcode", "data": "alt"}}}])
        return "boot:" in guest.screen()
    wait_until(prompted, 60, "the boot loader's prompt", guest.screen)
    guest.qmp.command("input-send-event", events=[
        {"type": "key", "data": {"down": False, "key": {"type": "qcode", "data": "alt"}}}])


@pytest.mark.parametrize("suffix, plugged", [("iso", "cd"), ("img", "ide")])
def test_alt_gives_a_prompt(dual_stack, boot, tmp_path, suffix, plugged):
    guest = boot(dual_stack, upstream=None, guard=True, **boot_options(image(suffix), plugged, "bios", tmp_path))
    hold_alt(guest)
    guest.press(b"thimble thimble.relay.upstream=192.0.2.1:1688 thimble.relay.guard=off\r")
    wait_relayed(dual_stack, guest.wait_address(r"192\.0\.2\.\d+"))


@pytest.mark.parametrize("suffix, plugged", [("iso", "cd"), ("img", "ide")])
def test_without_a_key_nothing_is_asked(dual_stack, boot, tmp_path, suffix, plugged):
    guest = boot(dual_stack, upstream=None, guard=True, **boot_options(image(suffix), plugged, "bios", tmp_path))
    guest.wait_address(r"192\.0\.2\.\d+")
    assert b"boot:" not in guest.serial_log.read_bytes(), "expected no prompt on the serial console"
