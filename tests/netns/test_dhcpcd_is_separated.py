"""dhcpcd runs separated: one small process as root, all that read packets locked into an empty directory
without capabilities, under seccomp. It must never fall back to one root process, as it does without a word
but for one line in its log when its user or that directory is missing."""

import os
import pathlib

import pytest
from servers import Dnsmasq
from users import home_of, uid_of


# The process that has to be root: it adds addresses and routes for the others.
ROOT = {"privileged proxy"}
SEPARATED = {"manager", "network proxy", "control proxy"}
SECCOMP_FILTER = "2"


def status_of(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


@pytest.fixture
def network(keep, tmp_path, lan, guest):
    keep(Dnsmasq(lan, tmp_path, "dhcp-range=192.0.2.100,192.0.2.150,1h").start())
    return guest


def test_separated(network):
    network.start()
    network.wait_address("192.0.2.", "dhcp")
    processes = network.dhcpcd_processes()
    assert set(processes) >= ROOT | SEPARATED, f"expected {ROOT | SEPARATED}, got {processes}"
    jail = network.root / home_of("dhcpcd").lstrip("/")
    for title, pid in processes.items():
        status = status_of(pid)
        uids, gids = set(status["Uid"].split()), set(status["Gid"].split())
        seen = f"{title}: {status}"
        if title in ROOT:
            continue
        assert uids == {str(uid_of("dhcpcd"))} and gids == uids, seen
        assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0, seen
        assert status["NoNewPrivs"] == "1" and status["Seccomp"] == SECCOMP_FILTER, seen
        assert os.path.samefile(f"/proc/{pid}/root", jail), f"{title}: root {os.readlink(f'/proc/{pid}/root')}"


@pytest.mark.parametrize("missing", ["user", "directory"])
def test_a_fall_back_is_seen(network, missing):
    """The test above can fail: without the user or its directory there is one process, and it is root."""
    if missing == "user":
        (network.root / "etc/passwd").write_text("root:x:0:0::/:/\n")
    else:
        (network.root / home_of("dhcpcd").lstrip("/")).rmdir()
    network.start()
    network.wait_address("192.0.2.", "dhcp")
    processes = network.dhcpcd_processes()
    assert set(processes) == {"manager"}, f"expected one process, got {processes}"
    assert status_of(processes["manager"])["Uid"].split()[0] == "0"
