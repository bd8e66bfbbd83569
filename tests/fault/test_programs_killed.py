"""A program that is killed runs again; the others, the addresses and the relay's sessions know nothing of it."""

import contextlib

import pytest
from qga import Port
from relayed import echo, wait_relayed
from rooted import PROGRAMS, start_rooted
from servers import wait_renewed
from waiting import wait_until

NAMES = [*PROGRAMS, "child.agent"]
BACK_S = 60  # of a guest in emulation; the first pause is 0.1 s
RESTARTS = 1  # of the one that was killed; none of the others


def wait_running(root, name, restarts):
    wait_until(lambda: (record := root.record(name)).get("state") == "running" and int(record["restarts"]) == restarts, BACK_S,
               f"{name} runs, {restarts} restarts", lambda: root.record(name))


def kill(root, name):
    """NAME, which comes back alone, on the same addresses."""
    before, network = root.restarts([*NAMES, "service"]), root.network()
    assert root.tell(f"kill {root.record(name)['pid']}") == "ok\n"
    wait_running(root, name, before[name] + RESTARTS)
    after, expected = root.restarts([*NAMES, "service"]), {**before, name: before[name] + RESTARTS}
    assert after == expected, f"{name} was killed: expected of restarts {expected}, got {after}"
    assert root.network() == network, f"{name} was killed: expected\n{network}, got\n{root.network()}"


@pytest.mark.deadline(600)
def test_each_program_killed(keep, renewing, boot, tmp_path):
    guest, root = start_rooted(renewing.lan, boot, tmp_path, *keep(Port()).argv())
    wait_running(root, "child.agent", 0)
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
