"""A program that is killed runs again; the others, the addresses and the relay's sessions know nothing of it."""

import contextlib

import pytest
from qga import Port
from relayed import echo, wait_relayed
from rooted import PROGRAMS, start_rooted
from servers import wait_renewed

NAMES = [*PROGRAMS, "child.agent"]
ALL = [*NAMES, "service"]


def kill(root, name):
    network = root.network()
    root.kill(name, ALL)
    assert root.network() == network, f"{name} was killed: expected\n{network}, got\n{root.network()}"


@pytest.mark.deadline(600)
def test_each_program_killed(keep, renewing, boot, tmp_path):
    guest, root = start_rooted(renewing.lan, boot, tmp_path, *keep(Port()).argv())
    root.wait_running("child.agent", 0)
    root.wait_network()
    with renewing.lan.connect(root.host, 1688, 30) as session:
        echo(session, b"before")
        for name in NAMES:
            kill(root, name)
            echo(session, name.encode())
        kill(root, "service")
        with contextlib.suppress(ConnectionError):
            assert session.recv(1) == b"", "expected the session to end with the relay"
    wait_relayed(renewing.lan, root.host)
    wait_renewed(renewing)
    assert {lease.address for lease in renewing.leases()} == {root.host}
    guest.wait_screen(r"Ready: relay to 192\.0\.2\.1:1688")
