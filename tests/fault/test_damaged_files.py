"""An image in whose file a bit has turned serves as usual or says in words what is wrong; never is it half a guest."""

import random
import re
import struct
import time

import pytest

from guest import IMAGE, Guest
from image.kernel import ARCHIVE_MARK, SETTINGS_MARK, TEXT_BYTES
from media import boot_options, copy_configured
from pictures import vga_text
from vm.qmp import QmpError
from waiting import wait_until

SEED = 1
END_S = 60  # of a start, in emulation: by then it serves, has said its word, or never does
AT_ONCE = 2  # guests
APPEND = "thimble.relay.upstream=192.0.2.1:1688 thimble.relay.guard=off"
# Of the decompressor (on VGA alone), of the kernel, of the boot loader in an .img, of SeaBIOS.
WORDS = r"-- System halted|Kernel panic - not syncing|Boot error|[Cc]orrupt|Missing operating system|No bootable device"
ANY = "ready", "word", "reset", "silence"  # but no half a guest
SCREEN = r"^ kms-relay \d"  # the first line of the status screen
READY = r"^ Ready: relay to 192\.0\.2\.1:1688"


class Parts:
    """Of a bzImage: (first byte, last byte + 1). Documentation/arch/x86/boot.rst has the header's fields."""

    def __init__(self, data):
        setup = (data[0x1F1] + 1) * 512
        offset, length = struct.unpack_from("<II", data, 0x248)
        settings, archive = data.find(SETTINGS_MARK), data.find(ARCHIVE_MARK)
        pe = struct.unpack_from("<I", data, 0x3C)[0]
        self.pe_header = pe, pe + 24
        self.old_sizes = 0x1F4, 0x1F8  # syssize
        self.payload_place = 0x248, 0x250
        self.init_size = 0x260, 0x264
        self.settings = settings, settings + TEXT_BYTES
        self.packed = setup + offset, setup + offset + length - 4  # behind it stands how long it is unpacked
        self.archive_words = archive + len(ARCHIVE_MARK) + 32, archive + len(ARCHIVE_MARK) + 128
        self.setup_code = 0x800, settings
        self.start_code = setup + offset + length, archive


# What is checked, or not used by what starts it here: each start serves or says a word.
CHECKED = ["pe_header", "old_sizes", "payload_place", "settings", "archive_words"] + 6 * ["packed"]
# Of a disk, the same. Its first table of clusters is not checked, and says from where the code is read.
DISK = ["boot_mark", "backup_partitions", "settings", "packed", "first_table"]
# What runs before anything can be checked, or tells it where to run: it may also stop in silence, or reset the machine.
CODE = ["init_size", "setup_code", "setup_code", "start_code"]


def flips(parts, names):
    """[(part, byte, bit)]. A part that is named more than once is cut in as many pieces."""
    draw = random.Random(SEED)
    found = []
    for number, name in enumerate(names):
        begin, end = getattr(parts, name)
        share, of = number - names.index(name), names.count(name)
        piece = (end - begin) // of
        found.append((name, begin + share * piece + draw.randrange(piece), draw.randrange(8)))
    return found


class DiskParts:
    """Of an .img, in which the kernel lies in one piece."""

    def __init__(self, data, kernel, parts):
        at = data.find(kernel)
        assert at > 0, "expected the kernel in the image, in one piece"
        fat_at = data.find(b"SYSLINUX\0") - 3
        reserved, fats, sectors = struct.unpack_from("<HB5xH", data, fat_at + 14)
        self.boot_mark = 0x1FE, 0x200
        self.backup_partitions = len(data) - 512, len(data)
        first_table = fat_at + 512 * reserved
        self.first_table = first_table + 16, first_table + 512 * sectors // 2  # the kernel's clusters
        self.settings, self.packed = (tuple(at + place for place in part) for part in (parts.settings, parts.packed))


class Start:
    """Of an image with one bit turned. OPTIONS(path, folder) gives Guest's."""

    def __init__(self, keep, data, flip, folder, suffix, options):
        self.what, at, bit = flip
        folder.mkdir()
        damaged = bytearray(data)
        damaged[at] ^= 1 << bit
        path = folder / f"image.{suffix}"
        path.write_bytes(damaged)
        self.name, self.folder = f"{self.what} {at:#x} bit {bit}", folder
        self.until = time.monotonic() + END_S
        self.guest = self.refusal = None
        try:
            self.guest = keep(Guest(folder, "user", **options(path, folder)))
        except AssertionError as error:  # QEMU does not take it
            self.refusal = str(error)

    def vga(self):
        try:
            return vga_text(self.guest, self.folder)
        except QmpError:
            return ""

    def said(self):
        """Everything that it says anywhere."""
        log = self.guest.log.read_text(errors="replace")
        return f"{self.guest.screen()}\n{self.vga()}\n{log}"

    def ended(self):
        """ready, a word, reset; None so far."""
        if self.refusal:
            return f"word: {self.refusal}"
        if re.search(READY, self.guest.screen(), re.M):
            return "ready"
        word = re.search(f".*(?:{WORDS}).*", self.said())
        if word:
            return f"word: {word[0].strip()}"
        if any(event["event"] == "SHUTDOWN" for event in self.guest.qmp.events):
            return "reset"
        return None

    def end(self):
        try:
            wait_until(self.ended, self.until - time.monotonic(), "an end")
        except AssertionError:
            return "half a guest" if re.search(SCREEN, self.guest.screen(), re.M) else "silence"
        end = self.ended()
        # What a program lacks would be here.
        if end == "ready" and re.search(r"^ Program ", self.guest.screen(), re.M):
            return "half a guest"
        return end

    def close(self):
        if self.guest:
            self.guest.close()


def run(keep, data, found, folder, suffix, options):
    """{flip: how it ended}"""
    ends = {}
    for first in range(0, len(found), AT_ONCE):
        starts = [Start(keep, data, flip, folder / str(number), suffix, options)
                  for number, flip in enumerate(found[first:first + AT_ONCE], first)]
        for start in starts:
            ends[start.name] = start.end()
            print(f"{start.name}: {ends[start.name]}")
        for start in starts:
            start.close()
    return ends


def check(ends, *allowed):
    wrong = {name: end for name, end in ends.items() if not end.startswith(allowed)}
    assert not wrong, f"expected each start to end with one of {allowed}; these did not: {wrong}"


def check_parts(ends, **allowed):
    for part, those in allowed.items():
        check({name: end for name, end in ends.items() if name.startswith(part)}, *those)


def direct(path, folder):
    return {"image": path, "append": APPEND}


@pytest.mark.deadline(900)
def test_checked(keep, tmp_path):
    data = IMAGE.read_bytes()
    ends = run(keep, data, flips(Parts(data), CHECKED), tmp_path, "efi", direct)
    check(ends, "ready", "word")
    check_parts(ends, settings=["ready"], packed=["word"])


@pytest.mark.deadline(600)
def test_code_that_runs_first(keep, tmp_path):
    data = IMAGE.read_bytes()
    check(run(keep, data, flips(Parts(data), CODE), tmp_path, "efi", direct), *ANY)


@pytest.mark.deadline(600)
def test_disk(keep, tmp_path):
    kernel = IMAGE.read_bytes()
    configured = copy_configured("img", tmp_path, "relay.upstream = 192.0.2.1:1688\nrelay.guard = off\n").read_bytes()
    kernel_in_it = configured[configured.find(kernel[:4096]):][:len(kernel)]
    found = flips(DiskParts(configured, kernel_in_it, Parts(kernel)), DISK)

    def by_bios(path, folder):
        return boot_options(path, "ide", "bios", folder)
    ends = run(keep, configured, found, tmp_path, "img", by_bios)
    check_parts(ends, first_table=ANY, boot_mark=["word"], packed=["word"], settings=["ready"], backup_partitions=["ready"])
