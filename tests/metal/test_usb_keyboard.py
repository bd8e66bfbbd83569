"""With an e1000e card, and a USB keyboard where there is no PS/2, the image of PLATFORM=metal serves and its keys work."""

import re

import pytest

from pictures import vga_text
from relayed import wait_relayed
from waiting import wait_until


@pytest.mark.parametrize("controller", ["qemu-xhci", "usb-ehci"])
def test_key_changes_the_screen(dual_stack, boot, tmp_path, controller):
    guest = boot(dual_stack, machine="q35", nic_model="e1000e", extra=[
        "-machine", "i8042=off", "-device", controller, "-device", "usb-kbd"])

    def read():
        return vga_text(guest, tmp_path)

    def shows_service():
        return re.search(r"^ Service", read(), re.MULTILINE)

    def press(key):
        guest.qmp.command("send-key", keys=[{"type": "qcode", "data": key}])

    wait_relayed(dual_stack, guest.wait_address(r"192\.0\.2\.\d+"))
    wait_until(shows_service, 30, "the status screen on VGA", read)
    press("l")
    wait_until(lambda: not shows_service(), 30, "the log on VGA, after the key l", read)
    press("l")
    wait_until(shows_service, 30, "the status screen on VGA again, after the key l", read)
