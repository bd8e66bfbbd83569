"""A guest that moves to another QEMU under load loses nothing; one that is loaded from a file later finds its way back."""

import datetime
import socket
import time

import pytest

import migration
import ntp
from ntp import NtpServer
from relayed import wait_relayed
from rooted import PROGRAMS, start_rooted
from servers import Dnsmasq
from sessions import Sessions
from status_page import ask
from tcp import RESET, TcpPeer, echo
from waiting import wait_until

SESSIONS = 50
ROUNDS = 10  # of each session, before and after
ALL = [*PROGRAMS, "service"]
OLD_SESSIONS = 10
GONE_S = 150  # the relay's keepalive asks after a minute; of a peer that knows nothing comes a reset
DAY_S = 86400
NTP_S = 400  # ntpd asks every minute or two once its clock is right, and wants more than one answer before it steps


def now_open(lan, host):
    text = ask(lan, host, "/metrics")[1]
    return next(int(float(line.split()[1])) for line in text.splitlines() if line.startswith("thimble_relay_connections "))


@pytest.mark.deadline(400)
def test_live_migration(keep, dual_stack, boot, tmp_path):
    source, root = start_rooted(dual_stack, boot, tmp_path, "-device", "i6300esb")
    sessions = keep(Sessions(dual_stack, root.host, SESSIONS))
    sessions.wait_rounds(ROUNDS)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        options = migration.incoming(theirs.fileno())
        options["extra"] += ["-initrd", str(tmp_path / "overlay.cpio"), "-device", "i6300esb"]
        destination = boot(dual_stack, name="destination", lines=60, **options)
        migration.send(source, ours.fileno())
    migration.go_on(destination)
    source.close()
    sessions.wait_rounds(ROUNDS)
    wait_relayed(dual_stack, root.host)
    destination.wait_screen(r"^ Ready: relay")
    assert root.restarts(ALL) == dict.fromkeys(ALL, 0)
    resets = [event for event in destination.qmp.events if event["event"] in ("RESET", "WATCHDOG")]
    assert not resets, f"expected no reset, got {resets}"


def later(query):
    """The world's clock, a day on."""
    return ntp.reply(query, received_s=time.time() + DAY_S, sent_s=time.time() + DAY_S)


@pytest.mark.deadline(700)
def test_snapshot_loaded_a_day_later(keep, lan, boot, tmp_path):
    keep(Dnsmasq(lan, tmp_path, "dhcp-range=192.0.2.100,192.0.2.150,1h", "dhcp-option=option:ntp-server,192.0.2.1").start())
    keep(TcpPeer(lan, echo))
    time_server = keep(NtpServer(lan, "192.0.2.1"))
    source = boot(lan)
    host = source.wait_address(r"192\.0\.2\.\d+")
    source.wait_screen(r"UTC \(ntp 192\.0\.2\.1", NTP_S)
    sessions = keep(Sessions(lan, host, OLD_SESSIONS))
    source.qmp.command("stop")
    with open(tmp_path / "state", "wb") as state:
        migration.send(source, state.fileno())
    source.close()
    for sock in sessions.sockets:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    sessions.close()  # nobody hears it, and it is not said again
    time_server.answer = later
    with open(tmp_path / "state", "rb") as state:
        options = migration.incoming(state.fileno())
        guest = boot(lan, name="loaded", **options)
    migration.go_on(guest)
    wait_relayed(lan, host)
    wait_until(lambda: now_open(lan, host) == 0, GONE_S, "the sessions of before are gone", guest.screen)
    tomorrow = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=DAY_S)).date()
    guest.wait_screen(rf"clock {tomorrow} \d\d:\d\d:\d\d UTC \(ntp 192\.0\.2\.1", NTP_S)
    wait_relayed(lan, host)
