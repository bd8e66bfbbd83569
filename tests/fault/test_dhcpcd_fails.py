"""Each process of dhcpcd killed in turn: it is started again, the address stays, and leases are renewed."""

import pytest

from misbehave import processes, tell, wait_answers
from servers import Kea4, wait_renewed
from users import changed, uid_of
from waiting import wait_until


def of_dhcpcd(lan, host):
    return [process for process in processes(lan, host) if process.name == "dhcpcd"]


def wait_whole(lan, host, *gone):
    """Manager, privileged proxy, network proxy, control proxy, none of GONE among them: returns them. While a lease is
    asked for there is one more, which reads packets."""
    def whole():
        found = of_dhcpcd(lan, host)
        return found if len(found) == 4 and not set(gone) & set(found) else None
    return wait_until(whole, 60, f"4 processes of dhcpcd, without {gone}", lambda: of_dhcpcd(lan, host))


# The service has no capability, so it must be the user whose processes it is to kill: one boot for each.
@pytest.mark.deadline(300)
@pytest.mark.parametrize("uid, count", [(0, 1), (uid_of("dhcpcd"), 3)], ids=["privileged", "unprivileged"])
def test_each_process_killed(keep, lan, boot_misbehaving, tmp_path, uid, count):
    server = keep(Kea4(lan, tmp_path, "192.0.2.0/24", "192.0.2.10 - 192.0.2.20", lifetime_s=60,
                       **{"renew-timer": 5, "rebind-timer": 40}).start())
    guest = boot_misbehaving(lan, files={"/etc/passwd": changed("service", uid)})
    four = guest.wait_address(r"192\.0\.2\.\d+")
    wait_answers(lan, four)
    for number in range(count):
        victims = [process for process in wait_whole(lan, four) if process.uid == uid]
        assert len(victims) == count, f"expected {count} processes of user {uid}, got {victims}"
        # No answer where init, which then kills all of that user, was faster.
        assert tell(lan, four, f"kill {victims[number].pid}") in (b"ok\n", b"")
        wait_whole(lan, four, victims[number])
        wait_renewed(server)
        guest.wait_screen(rf"{four}/24\s+dhcp")
