"""The memory that an image needs follows from what is in it, and stands where a guest is given memory."""

import json
import re
import subprocess
import tarfile

import pytest

from deploy import Deployed
from elf import ET_EXEC, elf
from packed import Packer
from tree import BUILD, HERE

TOOL = HERE / "tools/image-memory"
MIB = 1 << 20


def needs(folder, files_mb, image_mb, *said):
    """image-memory for an image of so much; its process."""
    for name, megabytes in (("rootfs.cpio", files_mb), ("kernel", image_mb)):
        with open(folder / name, "wb") as file:
            file.truncate(int(megabytes * MIB))
    return subprocess.run([TOOL, folder / "rootfs.cpio", folder / "kernel", *said], capture_output=True, text=True)


# kms-relay, and 57 MB that are 17 packed. Measured: 15 and 60, 128 and 168.
@pytest.mark.parametrize("files_mb, image_mb, run, form", [(0.8, 1.8, 64, 128), (58, 16, 144, 176)])
def test_memory_follows_from_files(tmp_path, files_mb, image_mb, run, form):
    said = needs(tmp_path, files_mb, image_mb).stdout
    assert f"export MEMORY_RUN={run}\nexport MEMORY_MB={form}\n" in said, f"expected {run} and {form}, got:\n{said}"


def test_more_is_taken_as_it_is_said(tmp_path):
    assert "export MEMORY_MB=96\n" in needs(tmp_path, 0.8, 1.8, "96").stdout


@pytest.mark.parametrize("said", ["24", "0", "-1", "much"])
def test_less_than_it_needs_is_refused(tmp_path, said):
    done = needs(tmp_path, 0.8, 1.8, said)
    assert done.returncode != 0 and "this image needs 32, with UEFI 88" in done.stderr, f"got {done}"


def test_a_packed_service_and_what_it_may_write(tmp_path):
    """The same as tools/thimble-service says, of 20 MB that are packed to nearly nothing, and 98 MB of places, which
    init gives in full to a guest that has 8/3 of them free."""
    daemon = tmp_path / "daemon"
    daemon.write_bytes(elf(kind=ET_EXEC) + bytes(20 * MIB))
    packer = Packer(tmp_path)
    said = packer.pack("--binary", daemon, "--writable", "/tmp:4M /home/service:94M").stdout
    made = needs(tmp_path, 0.8, 2, "--archive", tmp_path / "archive.out").stdout
    assert "needs 48 MB of memory" in said and "312 when its writable places are full" in said, said
    assert "'48 MB of memory, 112 with UEFI, 312 when its writable places are full'" in made and "MEMORY_MB=312\n" in made, made


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """An executable of 60 MB, most of it nothing."""
    path = tmp_path_factory.mktemp("large") / "large"
    path.write_bytes((HERE / BUILD / "bin/relay").read_bytes())
    path.chmod(0o755)
    with open(path, "r+b") as file:
        file.truncate(60 * MIB)
    return path


def test_definitions_and_ova_have_it(tmp_path, large):
    made = Deployed(tmp_path, f"BINARY={large}", "ova", name="large", ports=())
    assert json.loads(made.text("firecracker/vm.json"))["machine-config"]["mem_size_mib"] == 176
    assert "guest: 176Mi" in made.text("kubevirt/vm.yaml")
    with tarfile.open(made.image("ova")) as ova:
        form = ova.extractfile("large-x86_64.ovf").read().decode()
    assert re.search(r"<rasd:VirtualQuantity>176</rasd:VirtualQuantity>", form), form
