"""When the lock is moved, each patch whose fix the new source has is named, and each that does not apply to it."""

import io
import subprocess
import tarfile

import pytest

from tree import HERE

ONE, TWO = "one\n" * 6, "two\n" * 6
SOURCE = {"one.c": ONE + "first\n" + ONE, "two.c": TWO + "second\n" + TWO}


def diff(path, before, after, upstream):
    """A patch that makes one line of PATH another; its surroundings are three lines of the same word."""
    word = path.partition(".")[0]
    around = "".join(f" {word}\n" for _ in range(3))
    return (f"Why it is.\n\nUpstream: {upstream}\nTest: none: made up\n\n--- a/{path}\n+++ b/{path}\n@@ -4,7 +4,7 @@\n"
            f"{around}-{before}\n+{after}\n{around}")


@pytest.fixture
def look(tmp_path):
    """Runs the tool on one package with PATCHES, {name: text}, whose locked source is VERSION with FILES."""
    def run(version, patches, files=None, package="src:made"):
        for name, text in patches.items():
            path = tmp_path / "patches" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        with tarfile.open(tmp_path / "made.orig.tar.gz", "w:gz") as archive:
            for name, text in {**SOURCE, **(files or {})}.items():
                entry = tarfile.TarInfo("made-1/" + name)
                entry.size = len(text)
                archive.addfile(entry, io.BytesIO(text.encode()))
        (tmp_path / "lock").write_text(f"# header\ndeb:other 1 other.deb 1 {'0' * 64}\n"
                                       f"{package} {version} made.orig.tar.gz 1 {'0' * 64}\n")
        done = subprocess.run([HERE / "tools/repeated-patches", tmp_path / "lock", tmp_path, f"{tmp_path}/patches={package}",
                               f"{tmp_path}/none=src:made"], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0 and done.stderr == "", done
        return [line.removeprefix(f"  SOURCES  {tmp_path}/patches/") for line in done.stdout.splitlines()]
    return run


@pytest.mark.parametrize("version, upstream, told", [
    ("1:10.1.0-11+deb13u4", "fixed in 10.1.0 (ef74ffda)", "10.1.0 has it: fixed in 10.1.0 (ef74ffda)"),
    ("1:10.2.0-1", "fixed in 10.1.9 (ef74ffda)", "10.2.0 has it: fixed in 10.1.9 (ef74ffda)"),
    ("10.10.0-1", "fixed in 10.9.0 (ef74ffda)", "10.10.0 has it: fixed in 10.9.0 (ef74ffda)"),
    ("10.1.0-11", "fixed in 10.1.1 (ef74ffda)", None),
    ("10.1.1-1", "fixed after 10.1.0 (ef74ffda)", "10.1.1 has it: fixed after 10.1.0 (ef74ffda)"),
    ("10.1.0-1", "fixed after 10.1.0 (ef74ffda)", None),
    ("10.3-1", "a setting after 10.2 (1f593762):\n pace, the slow one", "10.3 has it: a setting after 10.2 (1f593762): pace, the slow one"),
    ("10.3-1", "fixed in part in 10.2 (1f593762): half of it", "10.3 has it: fixed in part in 10.2 (1f593762): half of it"),
    ("10.3-1", "not sent: in 10.2 nobody wanted it", None),
])
def test_by_its_version(look, version, upstream, told):
    said = look(version, {"01-first.patch": diff("one.c", "first", "mended", upstream)})
    assert said == ([f"01-first.patch: {told}"] if told else [])


def test_by_its_lines(look):
    """A fix that came under the same version, as Debian's own patches do, shows by itself."""
    patches = {"01-first.patch": diff("one.c", "first", "mended", "not sent yet: report"),
               "02-second.patch": diff("two.c", "second", "mended too", "not sent yet: report")}
    said = look("1.0-1", patches, {"one.c": ONE + "mended\n" + ONE})
    assert said == ["01-first.patch: 1.0 has it, in the same lines"]


def test_one_that_does_not_apply(look):
    patches = {"01-first.patch": diff("one.c", "first", "mended", "not sent: policy"),
               "02-second.patch": diff("two.c", "second", "mended too", "not sent: policy")}
    assert look("1.0-1", patches, {"one.c": ONE + "elsewhere\n" + ONE}) == ["01-first.patch: it does not apply to 1.0"]


def test_one_that_stands_on_another(look):
    patches = {"01-first.patch": diff("one.c", "first", "mended", "not sent: policy"),
               "02-again.patch": diff("one.c", "mended", "mended well", "not sent: policy")}
    assert look("1.0-1", patches) == []


def test_a_binary_package_by_its_version_alone(look):
    """As the kernel's source, which takes long to unpack."""
    patches = {"01-first.patch": diff("one.c", "first", "mended", "fixed after 6.15 (crypto: testmgr)"),
               "02-second.patch": diff("elsewhere.c", "second", "mended", "not sent: policy")}
    assert look("6.16.3-1", patches, package="deb:linux-source") == [
        "01-first.patch: 6.16.3 has it: fixed after 6.15 (crypto: testmgr)"]
