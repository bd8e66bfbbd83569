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
        for name in ("sh", "env", "mktemp", "rm", "sleep", "tail"):
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


def test_an_ordinary_user_takes_sudo(host):
    host.user(1000)
    host.add("sudo", SUDO)
    host.add("true", "exit 0\n")
    status, _, _, calls = host.deps("removed", "absent")
    assert (status, calls) == (0, [f"root-by-sudo {INSTALL}"])


def test_neither_root_nor_sudo(host):
    host.user(1000)
    status, _, errors, calls = host.deps("removed", "absent")
    assert (status, calls) == (1, [])
    assert f"neither root nor sudo here. As root, run: {INSTALL}" in errors


def test_what_apt_says_when_it_fails(host):
    host.add("apt-get", "echo 'E: no space left'; exit 100\n")
    status, _, errors, _ = host.deps("removed", "absent")
    assert status == 1 and "E: no space left" in errors and f"by hand: {INSTALL}" in errors
