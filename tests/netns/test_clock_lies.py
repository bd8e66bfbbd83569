"""What no server should say moves nothing: after as many answers as are enough from a good server, the clock is still
nobody's; and a good answer is taken by the same means."""

import re
import time

import pytest
from clock import Clock
from netns import Namespace
from ntp import NtpServer, reply, year
from waiting import wait_until

SERVER = "192.0.2.1"
ENOUGH = 4  # ntpd asks so often at first, a second apart

LIES = {
    "kiss of death": lambda q: reply(q, stratum=0, reference=b"DENY"),
    "rate": lambda q: reply(q, stratum=0, reference=b"RATE"),
    "stratum 16": lambda q: reply(q, stratum=16),
    "stratum 255": lambda q: reply(q, stratum=255),
    "unsynchronised": lambda q: reply(q, leap=3),
    "year 1970": lambda q: reply(q, received_s=0, sent_s=0),
    "year 1999": lambda q: reply(q, received_s=year(1999), sent_s=year(1999)),
    "the day before the build": lambda q: reply(q, received_s=year(2026) - 86400, sent_s=year(2026) - 86400),
    "year 2100": lambda q: reply(q, received_s=year(2100), sent_s=year(2100)),
    "year 2200": lambda q: reply(q, received_s=year(2200), sent_s=year(2200)),
    "no time": lambda q: reply(q, received=bytes(8), sent=bytes(8)),
    "sent in 1970": lambda q: reply(q, sent_s=0),
    "received in 2100": lambda q: reply(q, received_s=year(2100)),
    "not sure": lambda q: reply(q, dispersion_s=5),
}
# These are no answer at all to ntpd, which then waits for one.
NO_ANSWERS = {
    "another's question": lambda q: reply(q, origin=bytes(8)),
    "cut": lambda q: reply(q)[:47],
    "one byte": lambda q: b"\x24",
    "empty": lambda q: b"",
}


@pytest.fixture
def start(keep, lan, tmp_path):
    """Starts a server that answers so, and a clock that asks it."""
    def start_both(answer):
        box = keep(Namespace("box"))
        lan.attach(box)
        box.ip("address", "add", "192.0.2.7/24", "dev", "eth0")
        server = keep(NtpServer(lan, SERVER, answer))
        return server, keep(Clock(box, tmp_path, ntp=SERVER))
    return start_both


def test_a_good_answer(start):
    """So often or less."""
    server, clock = start(reply)
    clock.wait_state("synchronised", stratum="2")
    assert server.count <= ENOUGH


@pytest.mark.parametrize("lie", LIES)
def test_lie(start, lie):
    server, clock = start(LIES[lie])
    wait_until(lambda: server.count >= ENOUGH, 60, f"{ENOUGH} questions", clock.log_text)
    record = clock.record()
    assert record["state"] == "asking" and "source" not in record, f"{record}\n{clock.log_text()}"
    assert clock.child.poll() is None


@pytest.mark.parametrize("lie", NO_ANSWERS)
def test_no_answer(start, lie):
    server, clock = start(NO_ANSWERS[lie])
    wait_until(lambda: server.count >= 3, 90, "three questions", clock.log_text)
    record = clock.record()
    assert record["state"] == "asking" and "source" not in record, f"{record}\n{clock.log_text()}"
    assert clock.child.poll() is None


def test_an_hour_off_is_stepped(start):
    """A plausible time is believed: nothing tells it from a right one. A step is told, what is left is not known yet."""
    server, clock = start(lambda q: reply(q, received_s=time.time() + 3600, sent_s=time.time() + 3600))
    record = clock.wait_state("set", source="ntp", server=SERVER)
    assert "offset_us" not in record
    assert re.search(r"setting time \(offset \+(3599|3600)\.", clock.log_text()), clock.log_text()


@pytest.mark.deadline(180)
def test_a_server_that_stops_lying(start):
    server, clock = start(LIES["rate"])
    wait_until(lambda: server.count >= ENOUGH, 60, f"{ENOUGH} questions")
    server.answer = reply
    clock.wait_state("synchronised", 150)
