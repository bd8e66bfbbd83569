"""The appliance serves in 20 MB (direct boot), and in more."""

import pytest

from relayed import exchange, wait_relayed
from tcp import exchange_at_once


@pytest.mark.parametrize("memory_mb", [20, 32, 64])
@pytest.mark.parametrize("machine", ["pc", "microvm"])
def test_serves_in(dual_stack, boot, machine, memory_mb):
    guest = boot(dual_stack, machine=machine, memory_mb=memory_mb)
    four = guest.wait_address(r"192\.0\.2\.\d+")
    wait_relayed(dual_stack, four)
    exchange_at_once(dual_stack, four, 1688, 50, 20000, 60)
    assert exchange(dual_stack, four) == b"through the relay"
    restarts = guest.wait_screen(r"Service\s+relay running.*, (\d+) restarts?")[1]
    assert restarts == "0", f"expected no restart, got {restarts}:\n{guest.screen()}"
