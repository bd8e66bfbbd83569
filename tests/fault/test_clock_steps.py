"""Whatever the clock is set to, sessions, timers, lease and pages go by another one; NTP puts it right."""

import json
import time

import pytest

from ntp import NtpServer
from relayed import wait_relayed
from rooted import PROGRAMS, start_rooted
from servers import Dnsmasq, Kea4
from sessions import Sessions
from status_page import ask
from tcp import TcpPeer, echo
from waiting import wait_until

LEASE_S, RENEW_S, REBIND_S = 30, 5, 25
RENEWALS, RENEWED_S = 2, 120  # after each step
DAY_S = 86400
SHORTLY_BEFORE_ERA_1 = 2085978490  # NTP's seconds begin again at 0 in February 2036, 6 s later
RIGHT_S, NTP_S = 5, 300
AGAIN_S = 800  # ntpd looks at its clock every 11 minutes, if not before
IDLE_S = 3600  # the relay's: less than a day, more than this test
ALL = [*PROGRAMS, "service"]
STEPS = {"a day on": lambda now: now + DAY_S, "a day back": lambda now: now - DAY_S, "1970": lambda now: DAY_S,
         "2036": lambda now: SHORTLY_BEFORE_ERA_1}


def guests_clock(root):
    """In seconds since 1970."""
    return int(root.record("system")["clock_unix_s"])


@pytest.mark.deadline(900)
def test_root_turns_the_clock(keep, lan, boot, tmp_path):
    kea = keep(Kea4(lan, tmp_path, "192.0.2.0/24", "192.0.2.10 - 192.0.2.20", lifetime_s=LEASE_S,
                    options={"routers": "192.0.2.1"}, **{"renew-timer": RENEW_S, "rebind-timer": REBIND_S}).start())
    keep(TcpPeer(lan, echo))
    guest, root = start_rooted(lan, boot, tmp_path, append=f"thimble.relay.idle-timeout-s={IDLE_S}")
    sessions = keep(Sessions(lan, root.host, 10))
    with lan.connect(root.host, 1688) as idle:
        idle.sendall(b"early")
        assert idle.recv(5) == b"early"
        for name, step in STEPS.items():
            wanted = step(int(time.time()))
            assert root.tell(f"clock {wanted - guests_clock(root)}") == "ok\n", name
            wait_until(lambda: abs(guests_clock(root) - wanted) < DAY_S // 2, 30, f"the clock at {name}", guest.screen)
            for _ in range(RENEWALS):
                ends = kea.lease_of(guest.nics[0].mac).expires_unix_s
                wait_until(lambda: kea.lease_of(guest.nics[0].mac).expires_unix_s > ends, RENEWED_S,
                           f"{name}: renewed", guest.screen)
            assert {lease.address for lease in kea.leases()} == {root.host}
            sessions.wait_rounds(3)
            wait_relayed(lan, root.host)
            assert ask(lan, root.host)[0] == 200
            status, text = ask(lan, root.host, "/status.json")
            assert status == 200 and json.loads(text)["verdict"]["ready"], text
        idle.sendall(b"late")
        assert idle.recv(4) == b"late"
    wait_relayed(lan, root.host)
    assert root.restarts(ALL) == dict.fromkeys(ALL, 0)


@pytest.mark.deadline(900)
@pytest.mark.parametrize("step_s", [DAY_S, -DAY_S])
def test_ntp_puts_it_right(keep, lan, boot, tmp_path, step_s):
    """Also of a clock that went back, by which the time for the next question is a day away."""
    keep(Dnsmasq(lan, tmp_path, "dhcp-range=192.0.2.100,192.0.2.150,1h", "dhcp-option=option:ntp-server,192.0.2.1").start())
    keep(TcpPeer(lan, echo))
    keep(NtpServer(lan, "192.0.2.1"))
    guest, root = start_rooted(lan, boot, tmp_path)
    guest.wait_screen(r"UTC \(ntp 192\.0\.2\.1", NTP_S)
    assert root.tell(f"clock {step_s}") == "ok\n"
    wait_until(lambda: abs(guests_clock(root) - time.time() - step_s) < DAY_S // 2, 30, "the clock has moved", guest.screen)
    wait_until(lambda: abs(guests_clock(root) - time.time()) <= RIGHT_S, AGAIN_S, "the clock is right", guest.screen)
    assert root.restarts(ALL) == dict.fromkeys(ALL, 0)
