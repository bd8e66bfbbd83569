"""VGA text, a framebuffer, a serial port and hvc all show the status screen, and none of them scrolls."""

import re
import socket

import pytest

from pictures import Picture, vga_text
from vm.screen import SerialScreen
from waiting import wait_until

OVMF = "/usr/share/ovmf/OVMF.fd"


def wait_redrawn(read, deadline_s=60):
    """Waits until the uptime that READ shows has changed: the screen is live. Returns the last text."""
    first = re.search(r"up [0-9].*", read())
    assert first, f"expected an uptime on the screen:\n{read()}"
    wait_until(lambda: first[0] not in read() and read(), deadline_s, "another uptime", read)
    return read()


@pytest.mark.parametrize("columns, lines", [(80, 24), (80, 25), (132, 43)])
def test_serial(dual_stack, boot, columns, lines):
    guest = boot(dual_stack, columns=columns, lines=lines)
    guest.wait_address(r"192\.0\.2\.\d+")
    for _ in range(3):
        text = wait_redrawn(guest.screen)
    assert guest.serial.scrolled() == 0, f"expected no scrolling, got {guest.serial.scrolled()} lines:\n{text}"
    guest.press(b"l")
    guest.wait_not_on_screen(r"^ Service")
    guest.press(b"l")
    guest.wait_screen(r"^ Service")
    assert guest.serial.scrolled() == 0


def test_vga_text(dual_stack, boot, tmp_path):
    guest = boot(dual_stack)
    guest.wait_address(r"192\.0\.2\.\d+")

    def read():
        return vga_text(guest, tmp_path)

    wait_until(lambda: re.search(r"192\.0\.2\.\d+/24\s+dhcp", read()), 30, "the address on VGA", read)
    text = wait_redrawn(read)
    assert "Ready: relay" in text.splitlines()[1] + text.splitlines()[2], \
        f"expected the verdict at the top of an unscrolled screen:\n{text}"


def test_hvc(dual_stack, boot, tmp_path):
    ours, theirs = socket.socketpair()
    theirs.set_inheritable(True)
    guest = boot(dual_stack, pass_fds=[theirs.fileno()], extra=[
        "-device", "virtio-serial-pci", "-chardev", f"socket,id=hvc,fd={theirs.fileno()}",
        "-device", "virtconsole,chardev=hvc"])
    theirs.close()
    hvc = SerialScreen(ours, tmp_path / "hvc.log", 80, 25)
    guest.wait_address(r"192\.0\.2\.\d+")
    assert hvc.wait_regex(r"192\.0\.2\.\d+/24\s+dhcp", 30), f"expected the address on hvc0:\n{hvc.text()}"
    wait_redrawn(hvc.text)
    assert hvc.scrolled() == 0, f"expected no scrolling on hvc0:\n{hvc.text()}"
    hvc.close()


@pytest.mark.deadline(240)
def test_uefi_framebuffer(dual_stack, boot, tmp_path):
    """By UEFI from a removable disk, as hypervisors start BOOTX64.EFI: the built-in command line alone."""
    from guest import IMAGE
    folder = tmp_path / "esp/EFI/BOOT"
    folder.mkdir(parents=True)
    (folder / "BOOTX64.EFI").symlink_to(IMAGE)
    guest = boot(dual_stack, image=None, machine="q35", memory_mb=192, upstream=None, extra=[
        "-bios", OVMF, "-drive", f"if=none,id=esp,format=raw,readonly=on,file=fat:{tmp_path}/esp",
        "-device", "virtio-blk-pci,drive=esp,bootindex=0"])
    four = guest.wait_address(r"192\.0\.2\.\d+", 180)
    guest.wait_screen(r"no upstream found: srv:_vlmcs\._tcp")
    assert dual_stack.run("ping", "-c1", "-w20", four)

    def settled():
        picture = Picture(guest, tmp_path)
        return picture if len(picture.inked_rows()) > 8 and 0 in picture.inked_rows() else None

    before = wait_until(settled, 30, "a status screen on the framebuffer",
                        lambda: f"lines with text: {Picture(guest, tmp_path).inked_rows()}")
    wait_redrawn(guest.screen)
    wait_redrawn(guest.screen)
    assert Picture(guest, tmp_path).row(0) == before.row(0), "expected the first line to stay where it was"
