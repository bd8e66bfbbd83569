"""A finished image of any format takes a kernel of another size: what is around it is made anew, and other programs read it."""

import os
import random
import re
import shutil
import subprocess
import tarfile

import pytest

from guest import TREE
from media import FORMATS, configure, image, image_formats, make_key, sign

from image import Refused, fat, gpt, images, kernel

MIB = 1 << 20
KERNEL_PATH = "EFI/BOOT/BOOTX64.EFI"
SETTINGS = "hostname = relay1\n"


def noise(size):
    """Like an archive: it cannot be packed."""
    return random.Random(size).randbytes(size)


def opened(path):
    return kernel.of(images.Finished(path).kernel, path)


def put(source, archive, target, **said):
    """TARGET: the image SOURCE with ARCHIVE in its kernel."""
    finished = images.Finished(source)
    finished.write(kernel.of(finished.kernel, source).put_archive(archive, 64), target, **said)
    return target


def run(*words):
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = done.stdout.decode(errors="replace")
    assert done.returncode == 0, f"{words[0]}: {said}"
    return said


# --- any format -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("size", [1, 3 * MIB])
@pytest.mark.parametrize("suffix", FORMATS)
def test_in_and_out_again(suffix, size, tmp_path):
    (tmp_path / "back").mkdir()
    base, archive = image(suffix), noise(size)
    with_it = put(base, archive, tmp_path / base.name)
    assert opened(with_it).archive() == archive
    form = image_formats.FORMATS.get(suffix)
    if form and form.qemu not in ("", "raw", "vpc"):
        run("qemu-img", "check", "-f", form.qemu, with_it)
    back = put(with_it, None, tmp_path / "back" / base.name)
    assert back.read_bytes() == base.read_bytes(), "expected the image as it was before"


@pytest.mark.parametrize("suffix", ["efi", "vmlinux", "img", "iso"])
def test_settings_and_archive_leave_each_other_alone(suffix, tmp_path):
    archive = noise(100_000)
    path = put(image(suffix), archive, tmp_path / "with-it")
    before = path.read_bytes()
    for text in SETTINGS, "":
        done = configure(path, text)
        assert done.returncode == 0, done.stderr
        found = opened(path)
        assert (found.archive(), found.settings()) == (archive, text.strip().encode())
    assert path.read_bytes() == before


def test_second_archive_in_place_of_the_first(tmp_path):
    first = put(image("efi"), noise(100_000), tmp_path / "first")
    assert put(first, b"x", tmp_path / "second").read_bytes() == put(image("efi"), b"x", tmp_path / "alone").read_bytes()


@pytest.mark.parametrize("suffix", ["efi", "vmlinux", "img", "iso", "qcow2", "ova"])
def test_cut_short(suffix, tmp_path):
    """Refused in words, wherever it ends."""
    whole = put(image(suffix), noise(10_000), tmp_path / "whole").read_bytes()
    cut = tmp_path / "cut"
    for size in [0, 1, 600, 5000, 40_000, len(whole) // 2, len(whole) - 5000 if suffix in ("efi", "vmlinux") else len(whole) // 3]:
        cut.write_bytes(whole[:size])
        with pytest.raises(Refused):
            opened(cut).put_archive(None)
            opened(cut).settings()


# --- kernel ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("size", [507, 508, 512, 3 * MIB])
def test_sections_leave_no_gap(size, tmp_path):
    """Firmware and sbsign do not agree on whether bytes between two sections are signed."""
    rows = re.findall(r"^ +\d+ (\S+) +([0-9a-f]{8})  [0-9a-f]{16}  [0-9a-f]{16}  ([0-9a-f]{8})",
                      run("objdump", "-h", put(image("efi"), noise(size), tmp_path / "kernel.efi")), re.MULTILINE)
    ends = [int(start, 16) + int(length, 16) for _, length, start in rows]
    assert [int(start, 16) for _, _, start in rows[1:]] == ends[:-1] and rows[-1][0] == ".archive"
    assert ends[-1] == (tmp_path / "kernel.efi").stat().st_size


def test_signed_with_it(tmp_path):
    key = make_key(tmp_path, "site")
    unsigned = put(image("efi"), noise(MIB), tmp_path / "unsigned.efi")
    signed = sign(unsigned, *key, tmp_path / "signed.efi")
    assert "gap" not in run("sbverify", "--cert", key[1], signed)
    assert images.Finished(signed).signed
    assert put(signed, None, tmp_path / "out.efi").read_bytes() == image("efi").read_bytes()


def test_a_signature_of_another_size(tmp_path):
    (tmp_path / "large").mkdir()
    disk = tmp_path / "disk.img"
    shutil.copyfile(image("img"), disk)
    images.Finished(disk).write(sign(image("efi"), *make_key(tmp_path, "small"), tmp_path / "signed").read_bytes(), disk)
    key, certificate = make_key(tmp_path / "large", "large" * 10)
    done = configure(disk, SETTINGS, "--sign-key", key, "--sign-cert", certificate)
    assert done.returncode == 0, done.stderr
    (tmp_path / "again.efi").write_bytes(images.Finished(disk).kernel)
    run("sbverify", "--cert", certificate, tmp_path / "again.efi")
    assert opened(disk).settings() == SETTINGS.strip().encode()


# --- system partition -----------------------------------------------------------------------------------------------

OTHER_CLUSTERS = 3  # two folders and a small file


# The largest FAT12, the smallest FAT16, and one with larger clusters.
@pytest.mark.parametrize("size, bits", [(1, 12), ((fat.FAT12_MOST - OTHER_CLUSTERS) * 2048, 12),
                                        ((fat.FAT12_MOST - OTHER_CLUSTERS) * 2048 + 1, 16), (200 * MIB, 16)])
def test_partition_as_others_see_it(size, bits, tmp_path):
    path, content, loader = tmp_path / "partition", noise(min(size, 10_000)).ljust(size, b"\xa5"), b"\xeb\x3c\x90" + noise(5000)
    path.write_bytes(fat.write({KERNEL_PATH: content, "syslinux.cfg": b"text\n", "empty.txt": b""}, loader))
    run("/usr/sbin/fsck.fat", "-n", path)
    run("mcopy", "-n", "-i", path, f"::/{KERNEL_PATH}", "::/SYSLINUX.CFG", "::/EMPTY.TXT", tmp_path)
    assert (tmp_path / "BOOTX64.EFI").read_bytes() == content
    assert ((tmp_path / "SYSLINUX.CFG").read_bytes(), (tmp_path / "EMPTY.TXT").read_bytes()) == (b"text\n", b"")
    found = fat.Partition(path.read_bytes())
    assert found.bits == bits and found.extent(KERNEL_PATH) % 2048 == 0
    assert {name: found.read(name) for name in found.files} == {KERNEL_PATH: content, "SYSLINUX.CFG": b"text\n", "EMPTY.TXT": b""}
    assert found.loader()[fat.SECTOR:].rstrip(b"\0") == loader[fat.SECTOR:].rstrip(b"\0")


def test_reads_what_others_made(tmp_path):
    """In pieces, with long names, after others were deleted."""
    path, parts = tmp_path / "partition", {f"long-name-{n}.part": noise(30_000 + n) for n in range(6)}
    run("/usr/sbin/mkfs.fat", "-C", path, "400")
    for name, content in parts.items():
        (tmp_path / name).write_bytes(content)
        run("mcopy", "-i", path, tmp_path / name, "::/")
    run("mdel", "-i", path, "::/long-name-1.part", "::/long-name-3.part")
    (tmp_path / "big.efi").write_bytes(noise(150_000))
    run("mmd", "-i", path, "::/EFI")
    run("mcopy", "-i", path, tmp_path / "big.efi", "::/EFI/")
    found = fat.Partition(path.read_bytes())
    assert found.read("EFI/BIG.EFI") == noise(150_000) and found.extent("EFI/BIG.EFI") is None
    assert sorted(found.read(name) for name in found.files) == sorted([noise(150_000), *(parts[f"long-name-{n}.part"] for n in (0, 2, 4, 5))])


def test_too_large_for_a_partition():
    assert fat.geometry([2000 * MIB], 2, 0)[::2] == (32768, 16)
    with pytest.raises(Refused, match="two gigabytes"):
        fat.geometry([2 << 30], 2, 0)


def test_loops_end(tmp_path):
    """A chain of clusters that ends in itself, and a folder in itself."""
    data = bytearray(fat.write({KERNEL_PATH: noise(100_000)}))
    found = fat.Partition(bytes(data))
    at = found.reserved + 6  # the entries of clusters 4 and 5: the kernel's first
    for copy in range(2):
        data[at + copy * fat.SECTOR:at + copy * fat.SECTOR + 3] = (4 | 4 << 12).to_bytes(3, "little")
    with pytest.raises(Refused, match="damaged"):
        fat.Partition(bytes(data))
    data = bytearray(fat.write({KERNEL_PATH: b""}))
    entry = data.find(b"BOOT       ")
    data[entry + 26:entry + 28] = data[data.find(b"EFI        ") + 26:][:2]
    with pytest.raises(Refused, match="damaged"):
        fat.Partition(bytes(data))


@pytest.mark.parametrize("suffix", ["efi", "vmlinux", "img", "iso"])
def test_damaged(suffix, tmp_path):
    """Whatever its first kilobytes say: refused in words, or read."""
    whole, path, dice = put(image(suffix), noise(10_000), tmp_path / "whole").read_bytes(), tmp_path / "damaged", random.Random(1)
    for _ in range(200):
        data = bytearray(whole)
        for _ in range(dice.randrange(1, 40)):
            data[dice.choice((dice.randrange(0x400), dice.randrange(len(data)), 34 * 512 + dice.randrange(4096)))] = dice.choice(
                (0, 1, 0x7F, 0xFF, dice.randrange(256)))
        path.write_bytes(data)
        try:
            found = opened(path)
            found.archive()
            found.put_archive(b"x")
        except Refused as error:
            assert str(path) in str(error)


# --- disk and CD ----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("sectors, code", [(100, b"code"), (4096, b"")])
def test_table_is_that_of_sfdisk(sectors, code, tmp_path):
    partition, path = noise(sectors * 512), tmp_path / "disk"
    made = gpt.disk(partition, code, MIB, 3 * MIB)
    path.write_bytes(bytes(len(made)))
    subprocess.run(["/sbin/sfdisk", "--quiet", path], check=True, text=True, input=f"""\
label: gpt
label-id: 54484D42-0000-4000-8000-000000000000
first-lba: 34
start=34, size={sectors}, type=U, name=thimble{", attrs=LegacyBIOSBootable" if code else ""}, uuid=54484D42-0000-4000-8000-000000000001
""")
    table = bytearray(path.read_bytes())
    table[34 * 512:34 * 512 + len(partition)] = partition
    table[:len(code)] = code
    assert made == table


def test_disk_with_an_archive(tmp_path):
    said = run("/sbin/sfdisk", "--verify", put(image("img"), noise(20 * MIB), tmp_path / "disk.img"))
    assert "No errors detected" in said
    whole = put(image("vhd"), noise(20 * MIB), tmp_path / "disk.vhd")
    assert (whole.stat().st_size - 512) % MIB == 0, "expected whole MiB, for Azure"


# El Torito counts sectors with 16 bits; 0 is as far as the CD goes.
@pytest.mark.parametrize("size", [MIB, 40 * MIB])
def test_cd_with_an_archive(size, tmp_path):
    path = put(image("iso"), noise(size), tmp_path / "with-it.iso")
    said = run("xorriso", "-indev", path, "-report_el_torito", "plain", "-report_system_area", "plain")
    offset, length = images.iso.partition(path.read_bytes())
    sectors = length // 512
    assert re.search(rf"El Torito boot img : +2 +UEFI .* {sectors if sectors < 0x10000 else 0} +{offset // 2048}$", said, re.MULTILINE), said
    assert re.search(rf"^MBR partition      : +1 +0x80 +0x00 +0 +{path.stat().st_size // 512}$", said, re.MULTILINE), said
    assert re.search(rf"^MBR partition      : +2 +0x00 +0xef +{offset // 512} +{sectors}$", said, re.MULTILINE), said
    assert re.search(rf"^GPT start and size : +2 +{offset // 512} +{sectors}$", said, re.MULTILINE), said
    assert "backup" not in said.lower() and "WARNING" not in said, said
    run("xorriso", "-osirrox", "on", "-indev", path, "-extract", f"/{KERNEL_PATH}", tmp_path / "kernel.efi")
    assert (tmp_path / "kernel.efi").read_bytes() == images.Finished(path).kernel
    run("/usr/sbin/fsck.fat", "-n", extracted(path, offset, length, tmp_path))


def extracted(path, offset, length, folder):
    (folder / "partition").write_bytes(path.read_bytes()[offset:offset + length])
    return folder / "partition"


def test_a_partition_of_an_older_thimble(tmp_path):
    """Its boot loader is a file, whose sectors would move."""
    files = {KERNEL_PATH: image("efi").read_bytes(), "ldlinux.sys": b"x"}
    disk = tmp_path / "disk.img"
    disk.write_bytes(gpt.disk(fat.write(files), b"code"))
    with pytest.raises(Refused, match="build it anew"):
        put(disk, b"x", tmp_path / "new.img")
    assert configure(disk, SETTINGS).returncode == 0


# --- OVA ------------------------------------------------------------------------------------------------------------

def test_descriptor_says_memory_and_name(tmp_path):
    path = put(image("ova"), noise(MIB), tmp_path / "web.ova", memory_mb=192, name='nginx & "co"')
    with tarfile.open(path) as tar:
        members = {member.name: tar.extractfile(member).read() for member in tar}
    assert list(members) == ["web.ovf", "web.mf", "web-disk1.vmdk"]
    (tmp_path / "web.ovf").write_bytes(members["web.ovf"])
    run("xmllint", "--noout", "--relaxng", TREE / "tests/host/ovf.rng", tmp_path / "web.ovf")
    text = members["web.ovf"].decode()
    assert "<rasd:ElementName>192 MB of memory<" in text and "<rasd:VirtualQuantity>192<" in text
    assert text.count("nginx &amp; &quot;co&quot;") == 4 and text.count("kms-relay") == 1, "expected the name before in the comment alone"
    assert f'ovf:size="{len(members["web-disk1.vmdk"])}"' in text
    assert descriptor(put(path, noise(MIB), tmp_path / "web.ova")) == text, "expected the settings alone to change nothing here"
    twice = put(path, b"x", tmp_path / "twice.ova", memory_mb=80, name="second")
    assert descriptor(put(twice, None, tmp_path / "kms-relay-x86_64.ova", name="")) == descriptor(image("ova"))


def descriptor(path):
    with tarfile.open(path) as tar:
        return next(tar.extractfile(member).read().decode() for member in tar if member.name.endswith(".ovf"))
