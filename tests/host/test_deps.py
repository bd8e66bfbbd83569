"""What is missing on the host is named, then installed; what is there is not touched."""

import subprocess

import pytest

from tree import HERE

DPKG_QUERY = """\
case $4 in there*) echo installed ;; removed*) echo config-files ;; *) exit 1 ;; esac
"""
APT_GET = """\
shift 2 # -o DPkg::Lock::Timeout
echo "$USER_IS apt-get $*" >> calls
[ $1 = install ] && [ -e needs-update ] && { echo "E: Unable to locate package"; exit 100; }
[ $1 = update ] && rm -f needs-update; exit 0
"""
SUDO = """\
USER_IS=root-by-sudo exec "$@"
"""


class Host:
    """Programs that stand in for the host's package manager and write down how they were called."""

    def __init__(self, folder):
        self.folder = folder
        self.programs = folder / "programs"
        self.programs.mkdir()
        for name in ("sh", "cat", "df", "env", "mktemp", "rm", "sleep", "tail"):
            self.add(name, f'exec /usr/bin/{name} "$@"\n')
        self.add("dpkg-query", DPKG_QUERY)
        self.add("apt-get", APT_GET)
        self.user(0)

    def add(self, name, text):
        path = self.programs / name
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)

    def user(self, number):
        self.add("id", f"echo {number}\n")

    def deps(self, *packages):
        environment = {"PATH": str(self.programs), "USER_IS": "self"}
        run = subprocess.run(
            [HERE / "tools/deps", "build", *packages], cwd=self.folder, env=environment, capture_output=True, text=True,
            timeout=60, check=False,
        )
        calls = self.folder / "calls"
        return run.returncode, run.stdout, run.stderr, calls.read_text().splitlines() if calls.exists() else []


INSTALL = "apt-get install -y --no-install-recommends removed absent"


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


def test_all_there(host):
    assert host.deps("there", "there-too") == (0, "", "", [])


def test_missing_ones_are_named_and_installed(host):
    status, said, errors, calls = host.deps("there", "removed", "absent")
    assert (status, errors, calls) == (0, "", [f"self {INSTALL}"])
    assert said == "  DEPS     to build, these packages are missing and will be installed: removed absent\n"


def test_lists_are_read_anew_when_needed(host):
    (host.folder / "needs-update").touch()
    status, _, _, calls = host.deps("removed", "absent")
    # The stand-in takes install again only after an update.
    assert (status, calls) == (0, [f"self {INSTALL}", "self apt-get update", f"self {INSTALL}"])


def test_lists_are_not_read_without_room_for_them(host):
    """apt-get update may never end there."""
    (host.folder / "needs-update").touch()
    host.add("df", 'echo "$*" > df-words; echo Avail; echo 3456\n')
    status, _, errors, calls = host.deps("removed", "absent")
    assert (status, calls) == (1, [f"self {INSTALL}"])
    assert errors == ("E: No space left: /var/lib/apt needs 200 MB for package lists, 3 MB are free\n"
                      "deps: could not install them. What helps: make room on the disk\n")
    assert (host.folder / "df-words").read_text() == "--output=avail -k /var/lib/apt\n"


def test_an_ordinary_user_takes_sudo(host):
    host.user(1000)
    host.add("sudo", SUDO)
    host.add("true", "exit 0\n")
    status, _, _, calls = host.deps("removed", "absent")
    assert (status, calls) == (0, [f"root-by-sudo {INSTALL}"])


def test_what_unpacks_the_sources_is_among_the_tools():
    unpackers = {"gz": "gzip", "bz2": "bzip2", "xz": "xz-utils"}
    always_there = {"gzip"}
    suffixes = {name.rpartition(".")[2] for name in (HERE / "sources.lock").read_text().split() if ".tar." in name}
    command = subprocess.run(["make", "-n", "deps-build"], cwd=HERE, capture_output=True, text=True, check=True).stdout
    missing = {unpackers[suffix] for suffix in suffixes} - always_there - set(command.split())
    assert not missing, f"no package of the build brings {missing}"


def test_neither_root_nor_sudo(host):
    host.user(1000)
    status, said, errors, calls = host.deps("removed", "absent")
    assert (status, said, calls) == (1, "", [])
    assert f"neither root nor sudo here. As root, run: {INSTALL}" in errors


def test_sudo_that_refuses(host):
    host.user(1000)
    host.add("sudo", "echo 'somebody is not in the sudoers file.' >&2; exit 1\n")
    status, _, errors, calls = host.deps("removed", "absent")
    assert (status, calls) == (1, [])
    assert f"sudo does not let this user. As root, run: {INSTALL}" in errors


def test_no_debian(host):
    (host.programs / "apt-get").unlink()
    status, said, errors, _ = host.deps("removed", "absent")
    assert (status, said) == (1, "")
    assert "packages are missing: removed absent" in errors and "What helps: a Debian, or a system like it" in errors


@pytest.mark.parametrize("apt_says, helps", [
    ("E: You don't have enough free space in /var/cache/apt/archives/.", "make room on the disk"),
    ("Error writing to file - write (28: No space left on device)", "make room on the disk"),
    ("Temporary failure resolving 'mirror.example'", "there is no way to apt's mirror: look at the network"),
    ("Could not connect to mirror.example:80", "there is no way to apt's mirror: look at the network"),
    ("E: Release file for http://mirror.example/InRelease is not valid yet", "this machine's clock is behind"),
    ("Not live until 2026-11-21T08:46:20Z", "this machine's clock is behind"),
    ("E: Release file for http://mirror.example/InRelease is expired", "this machine's clock is ahead"),
    ("E: Could not get lock /var/lib/dpkg/lock-frontend.", "wait until the other program that installs packages has ended"),
    ("E: Unable to locate package absent", "this system does not have them; use Debian bookworm or trixie"),
    ("E: Sub-process /usr/bin/dpkg returned an error code (1)", f"run it by hand: {INSTALL}"),
])
def test_what_helps_when_apt_fails(host, apt_says, helps):
    host.add("apt-get", f'echo "{apt_says}"; exit 100\n')
    status, _, errors, _ = host.deps("removed", "absent")
    assert status == 1 and apt_says in errors, errors
    assert f"deps: could not install them. What helps: {helps}" in errors
