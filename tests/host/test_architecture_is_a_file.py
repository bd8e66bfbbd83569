"""Adding a processor touches only mk/arch/ and kernel/arch/: nothing else names one by hand."""

import os
import re
import subprocess

import pytest
from tree import HERE

ARCH = """\
DEBIAN_ARCH  := arm64
OCI_ARCH     := arm64
LOCK         := sources-odd.lock
LINUX_ARCH   := oddity
LINUX_GOAL   := Image.odd
LINUX_IMAGE  := arch/odd/boot/Image.odd
LINUX_ELF    := odd.elf
COMPRESSORS  := zstd
UEFI_NAME    := BOOTODD.EFI
BIOS_LOADER  :=
QEMU_PACKAGE := qemu-system-odd
QEMU_MACHINE := oddball
OVF_OS_TYPE  := oddGuest
"""
# Where it may stand: the default; #ifdef and tables with a row for each; examples of how a tool is called.
NAMED = {"kernel/hardening.table", "mk/config.mk", "src/calls/calls.c", "src/common/vmware.c", "src/records/system.h",
         "tools/kernel-hardening", "tools/screen-picture", "tools/service/container.py", "tools/service/program.py", "tools/thimble-service"}
# What is about one of them: measurements and tests are of x86_64.
ABOUT_ONE = {"mk/arch", "kernel/arch", "kernel/patches", "tests", "bench", "docs", "build", "out", ".git"}


@pytest.fixture
def odd(copied_tree):
    """A tree with a processor that there is not."""
    (copied_tree.folder / "mk/arch/odd.mk").write_text(ARCH)
    (copied_tree.folder / "kernel/arch/odd.config").write_text("CONFIG_64BIT=y # odd\n")
    return copied_tree


def test_make_has_what_its_file_says(odd):
    def value(name):
        return odd.make("-s", "ARCH=odd", f"print-{name}").strip()
    assert value("BUILD") == "build/odd" and value("IMAGE") == "out/kms-relay-odd.efi"
    assert value("GUEST_GCC") == "odd-linux-gnu-gcc" and value("HOST_GCC") == "gcc"
    assert value("SYSLINUX") == "" and "syslinux" not in value("SOURCE_PACKAGES")
    assert {"kernel/arch/odd.config", "kernel/compress/zstd.config"} <= set(value("linux_fragments").split())
    assert "gcc-odd-linux-gnu" in value("DEPS_PACKAGES_build").split()
    assert value("DEPS_PACKAGES_run").split()[0] == "qemu-system-odd" and value("MACHINE") == "oddball"
    assert odd.refuses("ARCH=mips").startswith("mk/config.mk") and "one of: odd x86_64" in odd.refuses("ARCH=mips")


def test_its_commands_say_so(odd):
    (odd.folder / "sources-odd.lock").write_text("")
    said = odd.make("-n", "ARCH=odd", "images", "deploy", "oci")
    for expected in (r"tools/sources fetch --suite \w+ --architecture arm64 --lock sources-odd\.lock ",
                     r"ARCH=oddity CROSS_COMPILE=odd-linux-gnu- .*CC='[^']*odd-linux-gnu-gcc' HOSTCC='[^']*\bgcc' .* Image\.odd",
                     r"cp \S+/arch/odd/boot/Image\.odd ", r"cp \S+/odd\.elf ",
                     r"formats/iso/build \S+ \S+ BOOTODD\.EFI '' ", r"formats/img/build \S+ \S+ BOOTODD\.EFI '' whole",
                     r"--arch arm64 --user"):
        assert re.search(expected, said), f"expected {expected} in:\n{said}"
    assert "syslinux" not in said and "x86" not in said.replace("0001-x86", "").replace("-x86-", ""), said


def test_its_machine_runs(odd):
    code = "from vm.machines import command_line as c; print(*c('image', 'oddball', 'tcg', 64, 3, 4))"
    done = subprocess.run(["/usr/bin/python3", "-B", "-c", code], cwd=odd.folder / "tools", capture_output=True, text=True,
                          check=True, env={**os.environ, "ARCH": "odd", "QEMU_MACHINE": "oddball"})
    assert done.stdout.startswith("qemu-system-odd ") and " -machine oddball " in done.stdout, done.stdout


def files():
    for top in HERE.iterdir():
        if top.name not in ABOUT_ONE:
            yield from [top] if top.is_file() else (path for path in top.rglob("*") if path.is_file())


def test_nothing_else_names_one():
    found = set()
    for path in files():
        name = path.relative_to(HERE)
        if name.suffix in (".md", ".lock") or "__pycache__" in name.parts or str(name.parent) in ABOUT_ONE:
            continue
        if re.search(rb"x86[_-]64|X64\b|qemu-system-x86|amd64", path.read_bytes()):
            found.add(str(name))
    assert found == NAMED, f"expected no other: {sorted(found - NAMED)}; expected one in each of: {sorted(NAMED - found)}"
