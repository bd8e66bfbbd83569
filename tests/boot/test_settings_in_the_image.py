"""Settings that somebody wrote into the image by hand: bad ones are told, the others hold."""

import re

import pytest

from guests import UPSTREAM4
from media import copy_configured
from relayed import wait_relayed


@pytest.mark.parametrize("suffix", ["efi", "vmlinux"])
def test_what_was_written_by_hand_is_refused_by_itself(dual_stack, boot, tmp_path, suffix):
    """Not by thimble-config, which would have refused: the bad lines are told, and the others hold."""
    kernel = copy_configured(suffix, tmp_path, f"relay.upstream = {UPSTREAM4}\nrelay.guard = off\nhostname = relay1\n")
    data = kernel.read_bytes()
    bad = data.replace(b"hostname = relay1\n", b"hostname = \xff\x00\x1b[2J\n", 1)
    assert len(bad) == len(data) and bad != data
    kernel.write_bytes(bad)
    guest = boot(dual_stack, image=kernel, upstream=None, guard=True)
    wait_relayed(dual_stack, guest.wait_address(r"192\.0\.2\.\d+"))
    guest.press(b"l")
    found = guest.wait_screen(r"setting refused, from image, line (\d+): (.*)")
    assert found[1] == "3", f"expected the line as the settings had it, got {found[0]}"
    assert re.search(r"hostname", found[2]) and "\x1b" not in found[2], f"expected the key, escaped, got {found[2]!r}"
