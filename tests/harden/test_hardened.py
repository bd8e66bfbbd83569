"""The image of HARDEN=1 starts each way, is at another address at each start, and keeps its page tables from programs."""

import gzip
import random
import re

import pytest

import cpio
from media import FIRMWARES, boot_options, image
from relayed import wait_relayed
from waiting import wait_until

from image import images, kernel

NAME = "kms-relay-harden"
MEMORY_MB = 192
ARCHIVE = gzip.compress(cpio.write({"etc/thimble/site.conf": (0o644, b"hostname = grown\n"),
                                    "service/filler": (0o644, random.Random(0).randbytes(12 << 20))}), 1)


def idle_at(guest):
    """The address of the instruction at which the idle kernel sleeps."""
    def look():
        text = guest.qmp.command("human-monitor-command", command_line="info registers")
        return re.search(r"RIP=([0-9a-f]{16})", text)[1] if "HLT=1" in text else None

    return wait_until(look, 30, "a sleeping processor")


@pytest.mark.deadline(300)
@pytest.mark.parametrize("suffix, plugged, firmware, machine", [
    ("efi", "kernel", "bios", "pc"), ("efi", "kernel", "bios", "microvm"), ("vmlinux", "kernel", "bios", "q35"),
    ("img", "ide", "bios", "pc"), ("img", "virtio", "uefi", "q35"), ("iso", "cd", "uefi", "q35")])
def test_serves(dual_stack, boot, tmp_path, suffix, plugged, firmware, machine):
    guest = boot(dual_stack, machine=machine, **boot_options(image(suffix, NAME), plugged, firmware, tmp_path))
    four = guest.wait_address(r"192\.0\.2\.\d+", FIRMWARES[firmware].boot_s)
    guest.wait_screen(r"Ready: relay|no upstream")
    if plugged == "kernel":
        wait_relayed(dual_stack, four)


@pytest.mark.deadline(300)
@pytest.mark.parametrize("suffix, plugged, firmware", [
    ("efi", "kernel", "bios"), ("img", "ide", "bios"), ("img", "virtio", "uefi")])
def test_starts_with_what_was_put_in(dual_stack, boot, tmp_path, suffix, plugged, firmware):
    """A service is not where the kernel is moved to."""
    finished, path = images.Finished(image(suffix, NAME)), tmp_path / f"grown.{suffix}"
    finished.write(kernel.of(finished.kernel, path).put_archive(ARCHIVE, MEMORY_MB), path)
    for number in range(3):
        guest = boot(dual_stack, name=f"guest{number}", **{**boot_options(path, plugged, firmware, tmp_path), "memory_mb": MEMORY_MB})
        guest.wait_screen(r"\bgrown\b", FIRMWARES[firmware].boot_s)
        guest.vm.stop()


@pytest.mark.parametrize("path, differs", [(image("efi", NAME), True), (image("efi"), False)], ids=["HARDEN=1", "default"])
def test_address_of_the_kernel(dual_stack, boot, path, differs):
    seen = set()
    for number in range(4):
        guest = boot(dual_stack, image=path, name=f"guest{number}")
        guest.wait_screen("Ready: relay")
        seen.add(idle_at(guest))
        guest.vm.stop()
    assert (len(seen) > 1) == differs, f"expected {'several addresses' if differs else 'one address'}, got {seen}"


def test_page_tables_are_apart(dual_stack, boot):
    guest = boot(dual_stack, image=image("efi", NAME), append="loglevel=7 pti=on", marks=[b"page tables isolation: force enabled"])
    guest.wait_screen("Ready: relay")
    assert b"page tables isolation: force enabled" in guest.serial.marks
