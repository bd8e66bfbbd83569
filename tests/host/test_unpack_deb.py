"""A package that cannot be installed beside another is unpacked, and only what it needs is installed."""

import os
import subprocess

import pytest

from tree import HERE

APT_CACHE = """\
[ ! -e needs-update ] || { echo "E: No packages found"; exit 100; }
printf '%s\\n' collector '  Depends: libthere' '  Depends: libabsent' '    libother' ' |Depends: initscripts' \\
       '  Depends: <virtual>' '  Conflicts: rival'
"""
DPKG_QUERY = """\
[ $4 = libthere ] && echo installed
"""
APT_GET = """\
echo "$@" >> "$TEST/calls"
case $* in
*update) rm "$TEST/needs-update" ;;
*download*) [ ! -e "$TEST/gone" ] || { echo "E: 404 Not Found"; exit 100; }; cp "$TEST/collector.deb" collector_1_all.deb ;;
esac
"""
UPDATE, INSTALL = "-qq update", "-o DPkg::Lock::Timeout=300 install -y --no-install-recommends libabsent"
DOWNLOAD = "-qq download collector"


@pytest.fixture
def unpack(tmp_path):
    """Runs the tool with stand-ins of apt; a real package lies in the archive."""
    package = tmp_path / "package"
    for path, text in (("DEBIAN/control", "Package: collector\nVersion: 1\nArchitecture: all\nMaintainer: x <x@y>\n"
                                          "Description: x\n"), ("usr/sbin/collector", "a program\n")):
        (package / path).parent.mkdir(parents=True, exist_ok=True)
        (package / path).write_text(text)
    os.utime(package, (0, 0))  # as old as packages are
    subprocess.run(["dpkg-deb", "-b", package, tmp_path / "collector.deb"], check=True, capture_output=True)
    for name, text in (("apt-cache", APT_CACHE), ("apt-get", APT_GET), ("dpkg-query", DPKG_QUERY), ("id", "echo 0\n")):
        program = tmp_path / "programs" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text("#!/bin/sh\n" + text)
        program.chmod(0o755)
    environment = dict(os.environ, PATH=f"{tmp_path}/programs:{os.environ['PATH']}", TEST=str(tmp_path))

    def run():
        done = subprocess.run([HERE / "tools/unpack-deb", "collector", "unpacked"], cwd=tmp_path, env=environment,
                              capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stderr, (tmp_path / "calls").read_text().splitlines()
    return run


def test_unpacked_beside_what_it_needs(unpack, tmp_path):
    (tmp_path / "unpacked").mkdir()
    (tmp_path / "unpacked/older").touch()
    assert unpack() == (0, "", [INSTALL, DOWNLOAD])
    assert [path.name for path in (tmp_path / "unpacked").iterdir()] == ["usr"]
    assert (tmp_path / "unpacked/usr/sbin/collector").read_text() == "a program\n"
    # For make: newer than the tool, not as old as the package.
    assert (tmp_path / "unpacked").stat().st_mtime >= (tmp_path / "collector.deb").stat().st_mtime


def test_lists_are_read_anew_when_needed(unpack, tmp_path):
    (tmp_path / "needs-update").touch()
    assert unpack() == (0, "", [UPDATE, INSTALL, DOWNLOAD])


def test_what_apt_says_when_it_fails(unpack, tmp_path):
    for mark in ("gone", "needs-update"):
        (tmp_path / mark).touch()
    status, said, calls = unpack()
    assert (status, calls) == (1, [UPDATE, INSTALL, DOWNLOAD])
    assert "E: 404 Not Found" in said and "collector: could not unpack it" in said
    assert not (tmp_path / "unpacked").exists() and not (tmp_path / "unpacked.new").exists()
