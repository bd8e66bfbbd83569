"""Each process of dhcpcd killed in turn: it is started again, the address stays, and leases are renewed."""

import pytest

from guest import TREE
from misbehave import processes, tell, wait_answers
from overlay import service_user_is
from servers import Kea4
from waiting import wait_until


def dhcpcd_uid():
    for line in (TREE / "rootfs/etc/passwd").read_text().splitlines():
        if line.startswith("dhcpcd:"):
            return int(line.split(":")[2])
    raise AssertionError("rootfs/etc/passwd has no user dhcpcd")


def of_dhcpcd(lan, host):
    return [process for process in processes(lan, host) if process.name == "dhcpcd"]


# The service has no capability, so it must be the user whose processes it is to kill: one boot for each.
@pytest.mark.deadline(300)
@pytest.mark.parametrize("uid", [0, dhcpcd_uid()], ids=["privileged", "unprivileged"])
def test_each_process_killed(keep, lan, boot_misbehaving, tmp_path, uid):
    server = keep(Kea4(lan, tmp_path, "192.0.2.0/24", "192.0.2.10 - 192.0.2.20", lifetime_s=60,
                       **{"renew-timer": 5, "rebind-timer": 40}).start())
    guest = boot_misbehaving(lan, files={"/etc/passwd": service_user_is(uid)})
    four = guest.wait_address(r"192\.0\.2\.\d+")
    wait_answers(lan, four)
    count = len(of_dhcpcd(lan, four))
    uids = {process.uid for process in of_dhcpcd(lan, four)}
    assert uids == {0, dhcpcd_uid()}, f"expected dhcpcd as root and as its user, got {uids}"
    for number in range(len([p for p in of_dhcpcd(lan, four) if p.uid == uid])):
        before = of_dhcpcd(lan, four)
        victim = [process for process in before if process.uid == uid][number]
        assert tell(lan, four, f"kill {victim.pid}") == b"ok\n"
        wait_until(lambda: len(of_dhcpcd(lan, four)) == count and victim not in of_dhcpcd(lan, four), 60,
                   f"{count} processes of dhcpcd again, without {victim}", lambda: of_dhcpcd(lan, four))
        renewed = server.leases()[-1].expires_unix_s
        wait_until(lambda: server.leases()[-1].expires_unix_s > renewed, 60, "the lease is renewed",
                   server.log_text)
        guest.wait_screen(rf"{four}/24\s+dhcp")
