"""A machine that was paused until its lease was over has an address and serves again; nothing is started anew, and its timers
do not all run at once."""

import pytest

from relayed import wait_relayed
from rooted import PROGRAMS, start_rooted
from servers import Kea4
from sessions import Sessions
from tcp import TcpPeer, echo
from waiting import wait_until

LEASE_S, RENEW_S, REBIND_S = 20, 5, 15
RECLAIMED_S = 120
MESSAGES_MAX = 4  # that the server gets from the guest for its next lease
ALL = [*PROGRAMS, "service"]
RECLAIMED = "2"  # Kea's state of a lease


@pytest.mark.deadline(400)
def test_paused_past_the_lease(keep, lan, boot, tmp_path):
    kea = keep(Kea4(lan, tmp_path, "192.0.2.0/24", "192.0.2.10 - 192.0.2.20", lifetime_s=LEASE_S, options={"routers": "192.0.2.1"},
                    **{"renew-timer": RENEW_S, "rebind-timer": REBIND_S,
                       "expired-leases-processing": {"reclaim-timer-wait-time": 1}}).start())
    keep(TcpPeer(lan, echo))
    guest, root = start_rooted(lan, boot, tmp_path, "-device", "i6300esb")
    guest.wait_screen(r"watchdog: i6300ESB")
    sessions = keep(Sessions(lan, root.host, 10))
    guest.qmp.command("stop")
    wait_until(lambda: kea.rows()[-1]["state"] == RECLAIMED, RECLAIMED_S, "the server takes the lease back", kea.log_text)
    before, rows = len(kea.log_text()), len(kea.rows())
    guest.qmp.command("cont")
    wait_until(lambda: len(kea.rows()) > rows, RECLAIMED_S, "a lease again", guest.screen)
    messages = kea.log_text()[before:].count("DHCP4_BUFFER_RECEIVED")
    assert 1 <= messages <= MESSAGES_MAX, f"expected {MESSAGES_MAX} messages or fewer, got {messages}"
    lease = kea.lease_of(guest.nics[0].mac)
    assert lease.address == root.host
    wait_relayed(lan, root.host)
    sessions.wait_rounds(3)
    wait_until(lambda: kea.lease_of(guest.nics[0].mac).expires_unix_s > lease.expires_unix_s, RECLAIMED_S, "it is renewed",
               guest.screen)
    guest.wait_screen(r"^ Ready: relay to 192\.0\.2\.1:1688")
    assert root.restarts(ALL) == dict.fromkeys(ALL, 0)
    resets = [event for event in guest.qmp.events if event["event"] in ("RESET", "WATCHDOG")]
    assert not resets, f"expected no reset, got {resets}"
