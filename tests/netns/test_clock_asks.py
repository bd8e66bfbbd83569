"""The clock asks the servers of the setting, else those of DHCP, from the first address on, and follows them as they
change."""

import os
import signal
import subprocess
import sys
import time

import pytest
from clock import Clock, leave_the_clock_alone
from netns import Namespace
from ntp import NtpServer
from servers import Chronyd, Dnsmasq, Kea4, Kea6, Radvd, interval, prefix
from waiting import wait_until

SERVER, OTHER = "192.0.2.1", "192.0.2.2"


LAN = "192.0.2.1/24", "192.0.2.2/24", "2001:db8:1::1/64", "2001:db8:1::2/64"


@pytest.fixture
def box(keep, lan):
    box = keep(Namespace("box"))
    lan.attach(box)
    box.ip("address", "add", "192.0.2.7/24", "dev", "eth0")
    box.ip("address", "add", "2001:db8:1::7/64", "dev", "eth0", "nodad")
    return box


def test_this_machines_clock_is_out_of_reach():
    """What the other tests rely on: the call to set it succeeds and does nothing."""
    before = time.time()
    subprocess.run([sys.executable, "-c", "import time; time.clock_settime(time.CLOCK_REALTIME, 1e9)"],
                   preexec_fn=leave_the_clock_alone, check=True)
    assert before <= time.time() < before + 60


@pytest.mark.parametrize("address", [SERVER, "2001:db8:1::1"])
def test_the_settings_server(keep, lan, box, tmp_path, address):
    keep(Chronyd(lan, tmp_path, address).start())
    clock = keep(Clock(box, tmp_path, ntp=address))
    record = clock.wait_state("synchronised", server=address, source="ntp", asked_origin="setting", stratum="9")
    assert abs(int(record["offset_us"])) < 100_000, record
    assert int(record["since_ms"]) <= int(record["told_ms"]) <= time.monotonic() * 1000


def test_a_name_in_the_setting(keep, lan, box, tmp_path):
    keep(Chronyd(lan, tmp_path, SERVER).start())
    keep(Dnsmasq(lan, tmp_path, f"host-record=time.example,{SERVER}", "local=/example/").start())
    clock = keep(Clock(box, tmp_path, ntp="time.example", addresses=()))
    clock.wait_state("no address")
    clock.resolv_conf.write_text(f"nameserver {SERVER}\n")
    clock.set_addresses("192.0.2.7/24")
    clock.wait_state("synchronised", server=SERVER)
    assert clock.asked() == ["time.example"]


@pytest.mark.parametrize("ntp, state", [("off", "off"), ("", "no servers")])
def test_nobody_is_asked(keep, box, tmp_path, ntp, state):
    clock = keep(Clock(box, tmp_path, ntp=ntp))
    record = clock.wait_state(state)
    assert "source" not in record and clock.ntpd() is None
    if ntp == "off":
        clock.set_net(SERVER)
        clock.set_addresses("192.0.2.8/24")
        assert clock.record()["state"] == "off" and clock.ntpd() is None


@pytest.mark.parametrize("option, first, second", [("ntp-servers", SERVER, OTHER), ("sntp-servers", "2001:db8:1::1", "2001:db8:1::2")],
                         ids=["dhcp4", "dhcp6"])
def test_servers_of_a_lease_and_its_changes(keep, lan, guest, tmp_path, option, first, second):
    """Option 42, of DHCPv6 31; from the next renewal on another; a lease without one asks nobody."""
    for number, address in enumerate((first, second)):
        keep(Chronyd(lan, tmp_path, address, name=f"chronyd{number}").start())
    terms = {"lifetime_s": 60, "options": {option: first}, "renew-timer": 3, "rebind-timer": 50}
    if ":" in first:
        kea = Kea6(lan, tmp_path, "2001:db8:1::/64", "2001:db8:1::100 - 2001:db8:1::1ff", **terms)
        keep(Radvd(lan, tmp_path, "AdvManagedFlag on;", interval(3, 4), prefix("2001:db8:1::/64", autonomous=False)).start())
    else:
        kea = Kea4(lan, tmp_path, "192.0.2.0/24", "192.0.2.10 - 192.0.2.20", **terms)
    keep(kea.start())
    guest.start()
    clock = keep(Clock(guest.namespace, tmp_path, run_dir=guest.run_dir))
    clock.wait_state("synchronised", server=first, source="ntp", asked_origin="dhcp", stratum="9")
    kea.set_options({option: second})
    kea.restart()
    clock.wait_state("synchronised", 60, server=second)
    kea.set_options({})
    kea.restart()
    record = clock.wait_state("no servers", 60, source="ntp")
    assert "server" not in record and clock.ntpd() is None


def test_other_servers_are_asked_at_once(keep, lan, box, tmp_path):
    keep(NtpServer(lan, OTHER))
    clock = keep(Clock(box, tmp_path))
    clock.set_net("192.0.2.99")
    clock.wait_state("asking")
    assert clock.asked() == ["192.0.2.99"]
    before = clock.ntpd()
    clock.set_net("192.0.2.99", OTHER)
    clock.wait_state("synchronised", 20, server=OTHER)
    assert clock.ntpd() != before and sorted(clock.asked()) == [OTHER, "192.0.2.99"]


def test_a_renewal_that_changes_nothing_leaves_it_alone(keep, lan, box, tmp_path):
    keep(NtpServer(lan, SERVER))
    clock = keep(Clock(box, tmp_path))
    clock.set_net(SERVER)
    clock.wait_state("synchronised")
    before = clock.ntpd()
    for change in (lambda: clock.set_net(SERVER), lambda: clock.set_addresses("192.0.2.7/24", "2001:db8:1::7/64"),
                   lambda: clock.set_net(SERVER)):
        turns = clock.turns()
        change()
        wait_until(lambda turns=turns: clock.turns() > turns, 10, "it has looked")
    assert clock.ntpd() == before and clock.log_text().count("time servers: asking") == 1, clock.log_text()


def test_a_new_way_to_the_server_is_tried_at_once(keep, lan, box, tmp_path):
    """Without an address of its family nothing could be sent; ntpd by itself would wait for half a minute."""
    keep(NtpServer(lan, SERVER))
    box.ip("address", "delete", "192.0.2.7/24", "dev", "eth0")
    clock = keep(Clock(box, tmp_path, ntp=SERVER, addresses=["2001:db8:1::7/64"]))
    clock.wait(lambda record: "send failed" in clock.log_text(), "nothing can be sent")
    box.ip("address", "add", "192.0.2.7/24", "dev", "eth0")
    clock.set_addresses("192.0.2.7/24", "2001:db8:1::7/64")
    clock.wait_state("synchronised", 15)


def test_server_dead_at_first(keep, lan, box, tmp_path):
    clock = keep(Clock(box, tmp_path, ntp=SERVER))
    clock.wait(lambda record: "timed out waiting for" in clock.log_text(), "a question is unanswered")
    assert clock.record()["state"] == "asking"
    keep(Chronyd(lan, tmp_path, SERVER).start())
    clock.wait_state("synchronised", 90)


@pytest.mark.parametrize("way", [signal.SIGSEGV, signal.SIGSTOP])
def test_ntpd_dies(keep, lan, box, tmp_path, way):
    """Or hangs: the program ends, for init to start it again; the next one knows whose time the clock has."""
    server = keep(NtpServer(lan, SERVER))
    clock = keep(Clock(box, tmp_path, ntp=SERVER))
    clock.wait_state("synchronised")
    os.kill(clock.ntpd(), way)
    assert clock.child.wait(20) == 111, clock.log_text()
    server.answer = lambda query: None
    clock.start()
    clock.wait_state("asking", source="ntp")


def test_its_end_leaves_nobody(keep, lan, box, tmp_path):
    keep(NtpServer(lan, SERVER))
    clock = keep(Clock(box, tmp_path, ntp=SERVER))
    clock.wait_state("synchronised")
    pid = clock.ntpd()
    clock.child.kill()
    clock.child.wait()
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), 10, "ntpd is gone")
