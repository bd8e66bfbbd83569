"""A clock that is wrong by years is set by NTP, while a lease of 20 s is held: nothing else notices. Without any source the
screen says so."""

import re
import time

import pytest

from relayed import wait_relayed
from servers import Chronyd, Kea4
from tcp import TcpPeer, echo
from waiting import wait_until

LEASE_S = 20
NTP_S = 180  # a server that was silent at first is asked again within a minute, emulated


@pytest.fixture
def kea(keep, lan, tmp_path):
    return keep(Kea4(lan, tmp_path, "192.0.2.0/24", "192.0.2.10 - 192.0.2.20", lifetime_s=LEASE_S,
                     options={"routers": "192.0.2.1", "ntp-servers": "192.0.2.1"},
                     **{"renew-timer": 5, "rebind-timer": 15}).start())


@pytest.mark.deadline(480)
@pytest.mark.parametrize("wrong", ["2001", "2050"])
def test_a_step_of_years_within_a_lease(keep, lan, kea, boot, tmp_path, wrong):
    """Forwards and back. The lease is renewed on and on, its end stays below its length, the service serves."""
    keep(TcpPeer(lan, echo))
    guest = boot(lan, extra=["-rtc", f"base={wrong}-01-01T12:00:00"])
    address = guest.wait_address(r"192\.0\.2\.\d+")
    guest.wait_screen(rf"clock {wrong}-01-01 12:\d\d:\d\d UTC \(rtc, no answer from time servers yet\)")
    keep(Chronyd(lan, tmp_path, "192.0.2.1").start())
    guest.wait_screen(rf"clock {time.gmtime().tm_year}-\d\d-\d\d \d\d:\d\d:\d\d UTC \(ntp 192\.0\.2\.1", NTP_S)
    stepped = time.time()
    # Two whole leases later: renewed since, by a guest that has not moved.
    wait_until(lambda: kea.lease_of(guest.nics[0].mac).expires_unix_s >= stepped + 3 * LEASE_S, 120,
               "the lease is renewed after the step", guest.screen)
    assert [lease.address for lease in kea.leases()][-1] == address
    left = guest.wait_screen(rf"{re.escape(address)}/24 +dhcp +(\d+) s left")
    assert int(left[1]) <= LEASE_S
    wait_relayed(lan, address)
    guest.wait_screen(r"UTC \(ntp 192\.0\.2\.1, [+-]\d{1,3}\.\d ms\)", NTP_S)
    guest.wait_not_on_screen(r"^ Program ")


def test_no_time_at_all(lan, boot):
    """No RTC, and nobody names a time server."""
    guest = boot(lan, machine="microvm", extra=["-machine", "rtc=off"])
    guest.wait_screen(r"^ System +up .*clock 1970-01-01 .* UTC$")
    guest.wait_screen(r"^ +not set by any source, NTP: no servers")


def test_switched_off(lan, kea, boot):
    """Although the network names a server. The screen says so when nothing else sets the clock."""
    guest = boot(lan, machine="microvm", extra=["-machine", "rtc=off"], append="thimble.ntp=off")
    guest.wait_address(r"192\.0\.2\.\d+")
    guest.wait_screen(r"^ +not set by any source, NTP: off")
