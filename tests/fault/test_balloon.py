"""A host that takes most of the guest's memory by the balloon, and gives it back, ends no program and no session."""

import json

import pytest

from relayed import echo, exchange, wait_relayed
from rooted import PROGRAMS, start_rooted
from status_page import ask
from waiting import wait_until

MEMORY_MB = 64
TAKEN = 0.8
NEAR_BYTES = 1 << 20  # so near to what was available before it has to be afterwards
ROUNDS = 3


def available(lan, host):
    return json.loads(ask(lan, host, "/status.json")[1])["system"]["memory_available_bytes"]


@pytest.mark.deadline(400)
def test_taken_and_given_back(dual_stack, boot, tmp_path):
    guest, root = start_rooted(dual_stack, boot, tmp_path, "-device", "virtio-balloon-pci", memory_mb=MEMORY_MB)
    names = [*PROGRAMS, "service"]
    guest.wait_address(r"2001:db8:1:[0-9a-f:]+")
    with dual_stack.connect(root.host, 1688, 30) as session:
        echo(session, b"before")
        before = available(dual_stack, root.host)
        for _ in range(ROUNDS):
            guest.qmp.command("balloon", value=int((1 - TAKEN) * MEMORY_MB) << 20)
            wait_until(lambda: available(dual_stack, root.host) < before / 4, 60, "the host has the memory",
                       lambda: available(dual_stack, root.host))
            echo(session, b"meanwhile")
            for _ in range(5):
                assert exchange(dual_stack, root.host) == b"through the relay"
            guest.qmp.command("balloon", value=MEMORY_MB << 20)
            wait_until(lambda: available(dual_stack, root.host) > before - NEAR_BYTES, 60, "the memory is back",
                       lambda: f"{available(dual_stack, root.host)} of {before}")
            wait_relayed(dual_stack, root.host)
        echo(session, b"afterwards")
    assert root.restarts(names) == dict.fromkeys(names, 0)
