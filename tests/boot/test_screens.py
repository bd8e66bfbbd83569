"""VGA text, a framebuffer, a serial port and hvc all show the status screen, and none of them scrolls."""

import re
import socket

import pytest

from guests import UPSTREAM4
from media import boot_options, copy_configured
from pictures import Picture, vga_text
from vm.screen import SerialScreen
from waiting import wait_until


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


def cursor_is_hidden(guest):
    """VGA's cursor: switched off (CRTC register 0x0A, bit 5), or it begins behind its own end (0x0B)."""
    def register(number):
        for command in (f"o /b 0x3d4 {number}", "i /b 0x3d5"):
            answer = guest.qmp.command("human-monitor-command", **{"command-line": command})
        return int(answer.split("=")[1], 16)
    start, end = register(0x0A), register(0x0B)
    return bool(start & 0x20) or start & 0x1F > end & 0x1F


def test_vga_text_hides_its_cursor(dual_stack, boot):
    guest = boot(dual_stack)
    guest.wait_address(r"192\.0\.2\.\d+")
    wait_until(lambda: cursor_is_hidden(guest), 30, "a hidden cursor")


@pytest.mark.deadline(300)
@pytest.mark.parametrize("mode", ["800x600", "1280x800", "1920x1080"])
def test_uefi_framebuffer(dual_stack, boot, tmp_path, mode):
    """By UEFI, with the built-in command line alone. All of the width is used, and what stands there is text, whole."""
    width, height = map(int, mode.split("x"))
    options = boot_options(copy_configured("img", tmp_path, f"relay.upstream = {UPSTREAM4}\n"), "virtio", "uefi", tmp_path)
    options["extra"] += ["-vga", "none", "-device", f"VGA,edid=on,xres={width},yres={height}"]
    guest = boot(dual_stack, machine="q35", upstream=None, guard=True, **options)
    four = guest.wait_address(r"192\.0\.2\.\d+", 180)
    assert dual_stack.run("ping", "-c1", "-w20", four)
    guest.wait_screen(r"^ Ready: relay")

    def read():
        picture = Picture(guest, tmp_path)
        assert (picture.width, picture.height) == (width, height)
        return picture.text()

    wait_until(lambda: re.search(rf"{four}/24\s+dhcp", read()), 60, "the address on the framebuffer", read)
    text = wait_redrawn(read)
    lines, columns = text.splitlines(), width // 8
    assert len(lines) == height // 16
    assert lines[0].startswith(" kms-relay") and len(lines[0]) >= columns - 2, f"expected the host name at the right end:\n{text}"
    assert "Ready: relay" in lines[1], f"expected the verdict in the second line:\n{text}"
    assert "?" not in text, f"expected letters and rules alone:\n{text}"
    rule = next(line for line in lines if "Network" in line)
    assert len(rule) >= columns - 2, f"expected rules as wide as the screen:\n{text}"
    assert "power off" in lines[-1], f"expected the keys in the last line:\n{text}"
    for line in ("Service", "Upstream", "Memory", "Machine", "Log"):
        assert line in text, f"expected {line} on the framebuffer:\n{text}"
