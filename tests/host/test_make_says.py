"""A wrong word on make's command line is answered by one line that names it and what is allowed."""

import os
import subprocess

import pytest

from tree import BUILD, HERE, Tree

APPLIANCES = sorted(path.parent.name for path in HERE.glob("appliances/*/appliance.mk"))


@pytest.mark.parametrize("words, expected", [
    (["APPLIANCE=nope"], "APPLIANCE=nope: there is no appliances/nope/appliance.mk; one of: " + " ".join(APPLIANCES)),
    (["ARCH=mips"], "ARCH=mips: not supported; one of: x86_64"),
    (["COMPRESS=zip"], "COMPRESS=zip: one of: xz zstd lz4"),
    (["PLATFORM=moon"], "PLATFORM=moon: one of: virtual metal"),
    (["DEBUG=yes"], "DEBUG=yes: 0 or 1"),
    (["CONFIG=none.conf"], "CONFIG=none.conf: there is no such file"),
    (["STRICT=2"], "STRICT=2: 0 or 1"),
    (["BINARY=/bin/true", "PORT=80"], "PORT=80: a port is NUMBER/tcp or NUMBER/udp, the number from 1 to 65535"),
    (["BINARY=/bin/true", "PORT=0/tcp"], "PORT=0/tcp: a port is"),
    (["BINARY=/bin/true", "PORT=65536/udp"], "PORT=65536/udp: a port is"),
    (["BINARY=/bin/true", "PORT=80/sctp"], "PORT=80/sctp: a port is"),
    (["BINARY=/bin/true", "PORT=53/udp 80x/tcp"], "PORT=80x/tcp: a port is"),
    (["BINARY=/bin/true", "PORT=80/tcp 53/udp 80/tcp"], "PORT=80/tcp 53/udp 80/tcp: 80/tcp stands there twice"),
])
def test_one_clear_line(copied_tree, words, expected):
    said = copied_tree.refuses(*words)
    assert expected in said and said.count("\n") == 1, f"expected one line with {expected!r}, got:\n{said}"


@pytest.mark.parametrize("word, expected", [
    ("MEMORY=much", "tools/qemu: MEMORY=much: megabytes, a number from 1 to 9999999"),
    ("MEMORY=0", "tools/qemu: MEMORY=0: megabytes, a number from 1 to 9999999"),
    ("MACHINE=vax", "tools/qemu: MACHINE=vax: one of: pc q35 q35-native microvm microvm-pcie"),
    ("ACCEL=xen", "tools/qemu: ACCEL=xen: one of: kvm tcg"),
])
def test_a_wrong_word_of_run_before_anything_is_built(copied_tree, word, expected):
    lines = copied_tree.refuses("run", word).splitlines()
    assert lines[0] == expected and lines[1].startswith("make: ***") and len(lines) == 2, lines


@pytest.mark.parametrize("package, words", [
    ("xorriso", ["images"]),
    ("xorriso", ["iso"]),
    ("qemu-utils", ["ova"]),
    ("sbsigntool", ["SIGN_KEY=README.md", "SIGN_CERT=README.md"]),
    ("qemu-system-x86", ["run"]),
    ("libcmocka-dev", ["check-unit"]),
    ("dnsmasq-base", ["check-host"]),
    ("ovmf", ["check-boot"]),
    ("ovmf", ["bench-boot"]),
    ("nginx", ["bench-relay"]),
    ("librsvg2-bin", ["pictures"]),
    ("libncurses-dev", ["linux-nconfig"]),
])
def test_tools_are_named_and_installed_at_once(copied_tree, package, words):
    """Before anything is built: nobody is asked for a password, or refused, when the kernel is done."""
    first = copied_tree.make("-n", *words).splitlines()[0].split()
    assert first[0] == "tools/deps" and package in first, f"expected {package} in the first command, got {first}"


def test_no_other_tools_are_installed(copied_tree):
    first = copied_tree.make("-n", "vmlinux").splitlines()[0].split()
    assert first[0] == "tools/deps" and "gcc" in first and "xorriso" not in first, first


@pytest.mark.parametrize("name", ["two words", "a:b"])
def test_a_folder_in_which_linux_is_not_built(tmp_path, name):
    said = Tree(tmp_path / name).refuses("image")
    assert f"{tmp_path / name}: Linux is not built below a folder with a space" in said and said.count("\n") == 1, said


@pytest.mark.parametrize("folder", [".", "build", "out"])
def test_a_folder_that_may_not_be_written(copied_tree, folder):
    (copied_tree.folder / folder).mkdir(exist_ok=True)
    read_only = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && cd .. && cd tree && exec make'
    run = subprocess.run(["unshare", "--mount", "sh", "-c", read_only, folder], cwd=copied_tree.folder, text=True,
                         stderr=subprocess.PIPE, check=False)
    expected = f"{copied_tree.folder / folder}: this user may not write there. What helps: give tree, build and out"
    assert run.returncode == 2 and expected in run.stderr and run.stderr.count("\n") == 1, run.stderr


def test_ports_that_are_right(copied_tree):
    copied_tree.make("-n", "BINARY=/bin/true", "PORT=1/tcp 65535/udp 8080/tcp", f"{BUILD}/images/true/appliance")


def test_steps_are_named_and_commands_shown_with_v(built_tree):
    source = built_tree.folder / "src/log/ring.c"
    target = f"{BUILD}/bin/log"
    os.utime(source)
    quiet = built_tree.make(target)
    os.utime(source)
    loud = built_tree.make("V=1", target)
    assert quiet.splitlines() == ["  CC       src/log/ring.c", f"  LD       {target}"]
    assert "-Os" in loud and "src/log/ring.c" in loud and "  CC  " not in loud


def test_nothing_is_rebuilt_for_nothing(built_tree):
    """Neither by make again, nor by make fetch, nor by a package's file that only looks new."""
    built_tree.make("programs")
    before = {path: path.stat().st_mtime_ns for path in built_tree.build("bin").iterdir()}
    os.utime(built_tree.folder / "sources.lock")
    os.utime(built_tree.folder / "packages/busybox/package.mk")
    built_tree.make("programs")
    built_tree.make("fetch")
    built_tree.make("programs")
    assert {path: path.stat().st_mtime_ns for path in built_tree.build("bin").iterdir()} == before
