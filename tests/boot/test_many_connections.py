"""A thousand connections at once through the relay, each byte compared, on IPv4 and on IPv6."""

import re

import pytest

from guest import CHANGE_S, slaac_address
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

    def all_are_counted(screen):
        """Both at once: the guest may have been too busy to draw anything since before the first of them."""
        found = re.search(r"Relay\s+ready, 0 connections now.*, (\d+) in all, 0 refused, 0 failed", screen)
        return found and int(found[1]) >= 2 * COUNT + 2
    assert guest.serial.wait(all_are_counted, CHANGE_S), f"expected {2 * COUNT + 2} connections or more in all:\n{guest.screen()}"
