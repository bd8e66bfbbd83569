"""While a network card, its cable or its MAC is at fault no program is started anew; afterwards the guest has an address and
serves."""

import time

import pytest

from netns import Namespace
from relayed import wait_relayed
from rooted import PROGRAMS, start_rooted
from sessions import Sessions

FLAP_S, FLAPS_PER_S = 20, 10
LOSS, LOSS_S = 0.5, 20
TWIN_S = 10  # so long a second machine has the guest's MAC
SETTLED_S = 120  # in emulation
SESSIONS = 10
ALL = [*PROGRAMS, "service"]


@pytest.fixture
def rooted(dual_stack, boot, tmp_path):
    return start_rooted(dual_stack, boot, tmp_path)


def check_settled(lan, guest, root):
    """It has an address, serves, and no program was started anew."""
    root.host = guest.wait_address(r"192\.0\.2\.\d+", SETTLED_S)
    wait_relayed(lan, root.host, SETTLED_S)
    guest.wait_screen(r"^ Ready: relay", SETTLED_S)
    root.wait_answers(SETTLED_S)
    assert root.restarts(ALL) == dict.fromkeys(ALL, 0)


@pytest.mark.deadline(400)
def test_link_flaps(dual_stack, rooted):
    """Sessions live through it."""
    guest, root = rooted
    sessions = Sessions(dual_stack, root.host, SESSIONS)
    for _ in range(FLAP_S * FLAPS_PER_S):
        for up in (False, True):
            guest.set_link(guest.nics[0], up)
            time.sleep(0.5 / FLAPS_PER_S)
    check_settled(dual_stack, guest, root)
    sessions.wait_rounds(3, SETTLED_S)
    sessions.close()


@pytest.mark.deadline(400)
def test_card_replaced_under_load(dual_stack, rooted):
    """By another one, with another MAC: the address goes, a new one comes."""
    guest, root = rooted
    sessions = Sessions(dual_stack, root.host, SESSIONS)
    guest.unplug(guest.nics[0])
    guest.wait_screen(r"^ Not ready", SETTLED_S)
    new = guest.plug(dual_stack)
    guest.wait_screen(new.mac, SETTLED_S)
    sessions.close()
    check_settled(dual_stack, guest, root)
    guest.wait_not_on_screen(guest.nics[0].mac, SETTLED_S)


@pytest.mark.deadline(600)
def test_half_of_all_frames_lost(dual_stack, rooted):
    """Sessions live through it."""
    guest, root = rooted
    sessions = Sessions(dual_stack, root.host, SESSIONS)
    guest.nics[0].cable.loss = LOSS
    time.sleep(LOSS_S)
    guest.nics[0].cable.loss = 0
    check_settled(dual_stack, guest, root)
    sessions.wait_rounds(3, SETTLED_S)
    sessions.close()


@pytest.mark.deadline(400)
def test_second_machine_with_the_mac(keep, dual_stack, rooted):
    """It speaks all the time, so the bridge sends it what is the guest's."""
    guest, root = rooted
    sessions = Sessions(dual_stack, root.host, SESSIONS)
    twin = keep(Namespace("twin"))
    port = dual_stack.attach(twin, mac=guest.nics[0].mac)
    twin.ip("address", "add", "192.0.2.66/24", "dev", "eth0")
    pings = twin.start("ping", "-i", "0.01", "192.0.2.1")
    time.sleep(TWIN_S)
    pings.kill()
    dual_stack.ip("link", "delete", port)
    check_settled(dual_stack, guest, root)
    sessions.wait_rounds(3, SETTLED_S)
    sessions.close()
