"""A thousand connections at once through the relay, each byte compared, on IPv4 and on IPv6."""

import pytest

from guest import slaac_address
from relayed import wait_relayed
from tcp import exchange_at_once

COUNT, BYTES = 1000, 3000


@pytest.mark.deadline(400)
def test_a_thousand_at_once(dual_stack, boot):
    guest = boot(dual_stack)
    four = guest.wait_address(r"192\.0\.2\.\d+")
    six = slaac_address("2001:db8:1::/64", guest.nics[0].mac)
    wait_relayed(dual_stack, four)
    wait_relayed(dual_stack, six)
    exchange_at_once(dual_stack, four, 1688, COUNT, BYTES, 150)
    exchange_at_once(dual_stack, six, 1688, COUNT, BYTES, 150)
    guest.wait_screen(r"Relay\s+ready, 0 connections now")
    total = int(guest.wait_screen(r"(\d+) in all, 0 refused, 0 failed")[1])
    assert total >= 2 * COUNT + 2, f"expected {2 * COUNT + 2} connections or more in all, got {total}"
