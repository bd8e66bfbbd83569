"""A program that fills the space of its records takes none of the others': init still tells how things stand."""

import pytest

from misbehave import tell, wait_answers
from users import changed, uid_of


@pytest.mark.deadline(240)
def test_records_of_others(dual_stack, boot_misbehaving):
    guest = boot_misbehaving(dual_stack, files={"/etc/passwd": changed("service", uid_of("clock"))})
    host = guest.wait_address(r"192\.0\.2\.\d+")
    wait_answers(dual_stack, host)
    kibibytes = int(tell(dual_stack, host, "fill /run/thimble/clock"))
    assert kibibytes >= 100, f"expected to fill what there is, got {kibibytes} KiB"
    seen = guest.wait_screen(r" up [0-9a-z ]+,")[0]
    guest.serial.wait(lambda text: seen not in text, 60)
    assert seen not in guest.screen(), f"expected init to write its record:\n{guest.screen()}"
