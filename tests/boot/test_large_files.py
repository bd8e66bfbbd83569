"""Files fit as long as there is memory for them; a guest that lacks one of its files says so and runs nothing."""

import gzip
import lzma
import re
import stat

import pytest

from misbehave import wait_answers
from overlay import overlay

MIB = 1 << 20


def panic(guest):
    """The guest's last words, when it stays with them: the kernel writes this line where it does not reset."""
    guest.wait_screen(r"end Kernel panic - not syncing")
    text = "".join(guest.screen().splitlines())
    return re.search(r"Kernel panic - not syncing: (.*?)Kernel Offset", text)[1]


def test_file_larger_than_half_of_memory(dual_stack, boot_misbehaving):
    # In front of the service, which would not be unpacked after it.
    guest = boot_misbehaving(dual_stack, memory_mb=64, files={"/bin/large": (0o644, bytes(22 * MIB))})
    wait_answers(dual_stack, guest.wait_address(r"192\.0\.2\.\d+"))


def test_file_that_does_not_fit_is_named_with_what_it_takes(dual_stack, boot_misbehaving):
    files = {"/bin/large": (0o644, bytes(40 * MIB))}
    words = panic(boot_misbehaving(dual_stack, memory_mb=64, files=files))
    found = re.fullmatch(r"not enough memory for the file bin/large, 40960 KiB: of 64 MiB \d+ KiB are free; "
                         r"give the machine (\d+) MiB or more", words)
    assert found, f"expected it to name the file and the memory, got: {words}"
    # With so much it runs.
    guest = boot_misbehaving(dual_stack, memory_mb=int(found[1]), files=files, name="larger")
    wait_answers(dual_stack, guest.wait_address(r"192\.0\.2\.\d+"))


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: lzma.compress(data, check=lzma.CHECK_CRC32)], ids=["gzip", "xz"])
def test_initrd_may_be_packed(boot, tmp_path, pack):
    path = tmp_path / "packed"
    path.write_bytes(pack(overlay(tmp_path, {"/etc/thimble.conf": (0o644, b"hostname = unpacked\n")}).read_bytes()))
    boot(extra=["-initrd", str(path)]).wait_screen(r"\bunpacked\b")


@pytest.mark.parametrize("broken", [gzip.compress(b"0707"), b"no archive at all"], ids=["packed", "other"])
def test_initrd_that_cannot_be_read_stops_the_guest(boot, tmp_path, broken):
    path = tmp_path / "broken"
    path.write_bytes(broken)
    words = panic(boot(extra=["-initrd", str(path)]))
    assert words.startswith("the initrd cannot be unpacked: "), f"got: {words}"


@pytest.mark.parametrize("mode", [0o644, 0o777 | stat.S_IFLNK], ids=["file", "link"])
def test_file_of_an_initrd_without_its_folder_is_named(boot, tmp_path, mode):
    initrd = overlay(tmp_path, {"/etc/thimble.conf": (0o644, b"hostname = relay1\n"), "/etc/mine/list": (mode, b"words")})
    words = panic(boot(extra=["-initrd", str(initrd)]))
    assert words.startswith("the initrd's file etc/mine/list cannot be made, error 2: its folder is not there"), f"got: {words}"
