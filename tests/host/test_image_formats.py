"""Every format is as small as promised, valid by its own tools, and the same bytes each time."""

import hashlib
import os
import re
import subprocess
import tarfile
import xml.etree.ElementTree

import pytest

from guest import TREE
from media import FORMATS, image, image_formats, readable

KERNEL_BYTES = image("efi").stat().st_size
KB, MIB = 1000, 1 << 20
OVF = "{http://schemas.dmtf.org/ovf/envelope/1}"


@pytest.mark.parametrize("suffix, most", [
    ("iso", 300 * KB), ("img", 250 * KB), ("vhd", 3 * MIB), ("ova", 250 * KB), ("vdi", 2 * MIB)])
def test_overhead_over_the_one_file(suffix, most):
    over = image(suffix).stat().st_size - KERNEL_BYTES
    assert 0 < over <= most, f".{suffix}: {over} bytes over the one file, expected at most {most}"


@pytest.mark.parametrize("suffix", ["qcow2", "vmdk"])
def test_no_larger_than_the_raw_disk(suffix):
    assert image(suffix).stat().st_size <= image("img").stat().st_size


def test_vhdx_is_mostly_holes(tmp_path):
    assert image("vhdx").stat().st_blocks * 512 <= 4_000_000


def test_vhd_is_of_whole_mib_and_not_too_small():
    """Azure wants the one, Hyper-V the other."""
    disk_bytes = image("vhd").stat().st_size - 512
    assert disk_bytes % MIB == 0 and disk_bytes >= 3 * MIB


@pytest.mark.parametrize("suffix", ["iso", "img", "vhd"])
def test_has_the_kernel_once(suffix):
    data, kernel = image(suffix).read_bytes(), image("efi").read_bytes()
    assert data.count(kernel) == 1, f"expected the kernel once in .{suffix}, got it {data.count(kernel)} times"


@pytest.mark.parametrize("suffix", [form.name for form in image_formats.FORMATS.values() if form.source not in ("efi", "elf")])
def test_holds_the_same_disk(suffix, tmp_path):
    raw = tmp_path / "disk.raw"
    path, qemu_format = readable(image(suffix), tmp_path)
    subprocess.run(["qemu-img", "convert", "-f", qemu_format, "-O", "raw", path, raw], check=True)
    assert raw.read_bytes() == (TREE / "build/x86_64/images/kms-relay/disk.raw").read_bytes()


@pytest.mark.parametrize("suffix", ["qcow2", "vhdx", "vdi", "vmdk"])
def test_is_without_errors(suffix):
    done = subprocess.run(["qemu-img", "check", "-f", image_formats.FORMATS[suffix].qemu, image(suffix)], capture_output=True, text=True)
    assert done.returncode == 0, f"qemu-img check: {done.stdout}{done.stderr}"


def test_partition_table_is_without_errors():
    done = subprocess.run(["/sbin/sfdisk", "--verify", image("img")], capture_output=True, text=True)
    assert done.returncode == 0 and "No errors detected" in done.stdout, f"sfdisk: {done.stdout}{done.stderr}"


@pytest.mark.parametrize("suffix", ["iso", "img"])
def test_without_a_bios(suffix, tmp_path):
    """Where a processor has none: the one file under the name that its UEFI looks for, and no boot loader."""
    made, kernel = tmp_path / f"made.{suffix}", image("efi")
    subprocess.run([image_formats.FOLDER / suffix / "build", kernel, made, "BOOTODD.EFI", ""], check=True,
                   env={**os.environ, "SOURCE_DATE_EPOCH": "1767225600"})
    first = {"iso": 136, "img": 34}[suffix] * 512  # of the partition
    inside = subprocess.run(["mtype", "-i", f"{made}@@{first}", "::/EFI/BOOT/BOOTODD.EFI"], check=True, capture_output=True)
    assert inside.stdout == kernel.read_bytes()
    data = made.read_bytes()
    assert not any(data[:432]) and not re.search(b"(?i)ldlinux|isolinux", data), "expected nothing for a BIOS"


@pytest.mark.deadline(240)
def test_same_bytes_each_time(tmp_path):
    """Once more from the same kernel, elsewhere in time, by somebody else, with another umask: the disks' identifiers,
    times, owners, modes and order do not differ."""
    def digests():
        return {suffix: hashlib.sha256(image(suffix).read_bytes()).hexdigest() for suffix in FORMATS}
    before = digests()
    for suffix in set(FORMATS) - {"efi", "vmlinux"}:
        image(suffix).unlink()
    (TREE / "build/x86_64/images/kms-relay/disk.raw").unlink()
    done = subprocess.run(["unshare", "--user", "--map-user=1234", "--map-group=1234", "sh", "-c", 'umask 027; make -C "$1" images',
                           "sh", TREE], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert digests() == before


# --- OVA ------------------------------------------------------------------------------------------------------------

@pytest.fixture
def ova():
    """Its members in their order, {name: bytes}."""
    with tarfile.open(image("ova")) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}


def test_ova_has_the_descriptor_first_and_right_hashes(ova):
    names = list(ova)
    assert [name.rpartition(".")[2] for name in names] == ["ovf", "mf", "vmdk"], f"got {names}"
    listed = dict(re.findall(r"SHA256\((.+)\)= ([0-9a-f]{64})", ova[names[1]].decode()))
    assert listed == {name: hashlib.sha256(ova[name]).hexdigest() for name in (names[0], names[2])}


def test_ovf_is_as_its_schema_says(ova, tmp_path):
    ovf = tmp_path / "appliance.ovf"
    ovf.write_bytes(next(iter(ova.values())))
    done = subprocess.run(["xmllint", "--noout", "--relaxng", TREE / "tests/host/ovf.rng", ovf], capture_output=True,
                          text=True)
    assert done.returncode == 0, f"xmllint: {done.stderr}"


def test_ovf_tells_the_sizes(ova):
    root = xml.etree.ElementTree.fromstring(next(iter(ova.values())))
    file, disk = next(root.iter(f"{OVF}File")), next(root.iter(f"{OVF}Disk"))
    vmdk = ova[file.get(f"{OVF}href")]
    assert int(file.get(f"{OVF}size")) == len(vmdk)
    assert int(disk.get(f"{OVF}capacity")) == (TREE / "build/x86_64/images/kms-relay/disk.raw").stat().st_size
    assert file.get(f"{OVF}id") == disk.get(f"{OVF}fileRef")
