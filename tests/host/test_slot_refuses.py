"""What the guest could not run as its service is refused, with what is wrong and how to mend it."""

import pathlib
import struct
import subprocess

import pytest

from tree import BUILD, HERE

PROGRAM = "int main(void) { return 0; }\n"
X86_64, AARCH64, I386 = 62, 183, 3
MEND_STATIC = "Build it static: C: cc -static"


def check(path):
    run = subprocess.run(
        [HERE / "tools/check-binary", "--arch", "x86_64", path], capture_output=True, text=True, check=False
    )
    assert run.returncode in (0, 1) and run.stdout == "", run.stdout + run.stderr
    return run.returncode, run.stderr


def refused(path, *parts):
    status, said = check(path)
    assert status == 1 and said.startswith(f"BINARY={path}: "), said
    for part in parts:
        assert part in said, f"expected {part!r} in:\n{said}"


def compiled(folder, *flags):
    source, program = folder / "program.c", folder / "program"
    source.write_text(PROGRAM)
    subprocess.run(["gcc", "-o", program, source, *flags], check=True)
    return program


def crafted(folder, machine=X86_64, wide=True, kind=2, abi=0, entry=0x400000):
    """An ELF header with one program header behind it."""
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1, 1, abi]) + bytes(8)
    header = struct.pack("<HHIQQQIHHHHHH", kind, machine, 1, entry, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    path = folder / "crafted"
    path.write_bytes(ident + header + struct.pack("<IIQQQQQQ", 1, 5, 0, entry, entry, 120, 120, 4096))
    return path


@pytest.mark.parametrize("flags", [["-static"], ["-static-pie"]])
def test_static_executables_are_taken(tmp_path, flags):
    assert check(compiled(tmp_path, *flags)) == (0, "")


def test_a_crafted_header_is_taken(tmp_path):
    """So that the refusals below are for what they change in it."""
    assert check(crafted(tmp_path)) == (0, "")


def test_dynamic(tmp_path):
    refused(compiled(tmp_path), "it is dynamic: it needs /lib", "ld-linux", MEND_STATIC)


def test_shared_library(tmp_path):
    refused(compiled(tmp_path, "-shared", "-fPIC"), "it is a shared library", MEND_STATIC)


def test_object_file(tmp_path):
    refused(compiled(tmp_path, "-c"), "it is an object file", "Link it first")


@pytest.mark.parametrize("header, found", [
    ({"machine": AARCH64}, "aarch64 (64 bit)"),
    ({"machine": I386, "wide": False}, "i386 (32 bit)"),
    ({"machine": X86_64, "wide": False}, "x86_64 (32 bit)"),
    ({"machine": 4242}, "ELF machine 4242 (64 bit)"),
])
def test_another_processor(tmp_path, header, found):
    refused(crafted(tmp_path, **header), f"it is for {found}, the guest is x86_64 (64 bit)", "Build it for x86_64")


def test_another_system(tmp_path):
    refused(crafted(tmp_path, abi=9), "it is for another system than Linux", "Build it for Linux")


def test_script(tmp_path):
    script = tmp_path / "script"
    script.write_text("#!/usr/bin/env python3\nprint()\n")
    refused(script, "it is a script for '/usr/bin/env python3'", "Name a static executable instead")


def test_text(tmp_path):
    text = tmp_path / "text"
    text.write_text("not a program " * 10)
    refused(text, "it is no ELF executable", "Name a static Linux executable")


def test_empty(tmp_path):
    empty = tmp_path / "empty"
    empty.touch()
    refused(empty, "it is empty", "Build it again")


@pytest.mark.parametrize("kept", [20, 100, 1000, -1])
def test_cut_short(tmp_path, kept):
    """By so much that the header, the program headers or the last segment are not whole."""
    program = compiled(tmp_path, "-static", "-s")
    whole = program.read_bytes()
    end = max(offset + size for offset, size in segments(whole)) if kept == -1 else kept + 1
    program.write_bytes(whole[:end - 1])
    refused(program, "it is no ELF executable" if kept < 64 and kept != -1 else "cut short")


def segments(data):
    """(offset, size in the file) of each program header."""
    at, = struct.unpack_from("<Q", data, 32)
    count, = struct.unpack_from("<H", data, 56)
    for index in range(count):
        yield struct.unpack_from("<8xQ16xQ", data, at + 56 * index)


def test_directory(tmp_path):
    refused(tmp_path, "Is a directory", "BINARY= takes the path of a static executable")


def test_missing(tmp_path):
    refused(tmp_path / "none", "there is no such file", "BINARY= takes the path of a static executable")


def test_make_refuses_before_the_long_steps(copied_tree):
    """Nothing is fetched, compiled or linked."""
    said = copied_tree.refuses("BINARY=README.md")
    assert "BINARY=README.md: it is no ELF executable" in said
    assert not any(word in said for word in ("SOURCES", "SYSROOT", " CC ", "LINUX")), said
    assert not copied_tree.build("images/README/archive").exists()


SETTINGS = f"{BUILD}/images/true/settings.conf"


@pytest.mark.parametrize("arguments, expected", [
    ("--a 'b", "setting refused, from ARGS, line 1: service.args = \"--a 'b\", an open single quote, allowed: "),
    ('--a "b', "an open double quote, allowed: "),
    ("--a \\", "a backslash at the end, allowed: "),
    ("--a\tb", "a control character, allowed: "),
    ("x" * 4096, "service.args: 4096 bytes, at most 4095 allowed"),
    ("a\nb", "ARGS=: a line break cannot be passed to a service"),
])
def test_arguments_that_cannot_be_passed(copied_tree, arguments, expected):
    """Where they are said, not by the guest."""
    said = copied_tree.refuses("BINARY=/bin/true", f"ARGS={arguments}", SETTINGS)
    assert expected in said, f"expected {expected!r}, got:\n{said}"
    assert not (copied_tree.folder / SETTINGS).exists()


@pytest.mark.parametrize("arguments", [
    "--a $HOME", "$(shell touch made)", "\"a b\" 'c d' e\\ f", "a#b", "`touch made`", "…", "a" * 4095, "--a=b", "",
])
def test_arguments_are_what_was_written(copied_tree, arguments):
    """Neither make nor a shell takes anything from them."""
    copied_tree.make("BINARY=/bin/true", f"ARGS={arguments}", SETTINGS)
    first = (copied_tree.folder / SETTINGS).read_text().splitlines()[0]
    assert first == f"service.args = {arguments}"
    assert not (copied_tree.folder / "made").exists()


def test_a_path_that_make_cannot_pass(copied_tree):
    for path in "./my daemon", "./a$b", "./it's":
        said = copied_tree.refuses(f"BINARY={path}")
        assert f"BINARY={path}: a path without blanks, quotes, $ and \\" in said and said.count("\n") == 1, said


def test_settings_to_bake_in_are_looked_at(copied_tree):
    (copied_tree.folder / "site.conf").write_text("hostname = relay1\nconsole = loud\n")
    said = copied_tree.refuses("CONFIG=site.conf")
    assert "setting refused, from site.conf, line 2: console = \"loud\", console is readonly until it is right" in said, said
    assert "allowed: on, off or readonly" in said, said
    assert not any(word in said for word in ("SOURCES", "SYSROOT", "LINUX")), said
