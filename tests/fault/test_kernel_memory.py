"""Memory that the kernel holds for the service is bounded: it is refused more, or it ends alone and serves again."""

import pytest
from misbehave import tell, wait_answers
from servers import wait_renewed
from test_service_fails import assert_alone, ends_by, page_is_read, serving

MEMORY_MB = 64
ENDS = 3  # times, one after the other
LOCKED_MIB = 8  # the kernel's own limit (RLIMIT_MEMLOCK)
WATCHES_SHARE = 0.04  # of the memory, at about 160 bytes each (fs.epoll.max_user_watches)
WATCH_BYTES = 160


@pytest.mark.deadline(300)
@pytest.mark.parametrize("kind", ["datagrams", "flight"])
def test_ends_alone(renewing, boot_misbehaving, kind):
    guest, four = serving(boot_misbehaving, renewing.lan, memory_mb=MEMORY_MB)
    with page_is_read(renewing.lan, four):
        for restarts in range(1, ENDS + 1):
            assert ends_by(renewing.lan, four, f"eat {kind}"), "expected it to end, not to be refused memory"
            guest.wait_screen(rf"Service\s+misbehave running.*, {restarts} restarts?,?\s+"
                              r"last exit: killed by SIGKILL at \d+ MiB: out of memory")
            wait_answers(renewing.lan, four)
            assert_alone(guest)
    wait_renewed(renewing)
    assert {lease.address for lease in renewing.leases()} == {four}


@pytest.mark.parametrize("kind, most", [("locked", LOCKED_MIB), ("epoll", (MEMORY_MB << 10) * WATCHES_SHARE / WATCH_BYTES)])
def test_is_refused(renewing, boot_misbehaving, kind, most):
    """And keeps what it has."""
    guest, four = serving(boot_misbehaving, renewing.lan, memory_mb=MEMORY_MB)
    count = int(tell(renewing.lan, four, f"eat {kind}"))
    assert 0 < count <= most, f"expected {most:g} at the most, got {count}"
    wait_answers(renewing.lan, four)
    wait_renewed(renewing)
    guest.wait_screen(r"Service\s+misbehave running.*, 0 restarts")
    assert_alone(guest)
