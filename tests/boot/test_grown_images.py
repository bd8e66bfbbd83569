"""An image that was finished, and whose kernel was given an archive later, starts by each firmware, and has what is in it."""

import gzip
import random

import pytest

import cpio
from media import FIRMWARES, boot_options, image

from image import images, kernel

# More than a FAT12 partition holds, and it cannot be packed.
FILLER = random.Random(0).randbytes(12 << 20)
MEMORY_MB = 192
ARCHIVE = gzip.compress(cpio.write({"etc/thimble/site.conf": (0o644, b"hostname = grown\n"), "service/filler": (0o644, FILLER)}), 1)


@pytest.mark.deadline(300)
@pytest.mark.parametrize("suffix, plugged, firmware", [
    ("efi", "kernel", "bios"), ("efi", "kernel", "uefi"), ("vmlinux", "kernel", "bios"),
    ("img", "ide", "bios"), ("img", "virtio", "uefi"),
    ("iso", "cd", "bios"), ("iso", "ide", "bios"), ("iso", "cd", "uefi"), ("iso", "usb", "uefi"),
    ("qcow2", "virtio", "bios")])
def test_starts_with_what_was_put_in(dual_stack, boot, tmp_path, suffix, plugged, firmware):
    finished, path = images.Finished(image(suffix)), tmp_path / image(suffix).name
    finished.write(kernel.of(finished.kernel, path).put_archive(ARCHIVE, MEMORY_MB), path)
    guest = boot(dual_stack, **{**boot_options(path, plugged, firmware, tmp_path), "memory_mb": MEMORY_MB})
    guest.wait_screen(r"\bgrown\b", FIRMWARES[firmware].boot_s)
