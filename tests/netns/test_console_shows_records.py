"""The status screen shows what the records say, at once, and says plainly what is missing, torn or hostile."""

import types

import pytest
from console import Console, Records, boot_ms


@pytest.fixture
def records(tmp_path):
    return Records(tmp_path / "run")


@pytest.fixture
def start(keep, records, tmp_path):
    return lambda **options: keep(Console(records, tmp_path, **options))


def test_before_any_record(start):
    console = start()
    console.wait(r"^ Starting: no record from init yet")
    console.wait(r"^ Service   starting: no record yet")
    console.wait(r"waiting for an address")


def test_from_nothing_to_ready(records, start):
    console = start()
    records.system()
    console.wait(r"^ kms-relay 0\.1\.0 .* relay1$")
    console.wait(r"^ Not ready: service: starting; waiting for an address")
    records.nic(dhcp4="discover", ra="none", address=["fe80::1/64 link-local forever"], gateway=[],
                no_address_since_ms=boot_ms() - 3600000)
    console.wait(r"no address yet on eth0 \(DHCP: discover,\s+1 h 0 min\)")
    console.wait(r"^ +waiting for an address \(DHCP: discover, no IPv6 router heard,\s+1 h 0 min\)")
    records.service(state="starting")
    console.wait(r"^ Not ready: relay: starting")
    records.service()
    records.relay(state="no upstream", upstream=[], upstream_source=[], upstream_connect_us=[],
                  hint="set relay.upstream=HOST:PORT")
    console.wait(r"no upstream set: set relay\.upstream=HOST:PORT")
    records.relay()
    records.nic()
    console.wait(r"^ Ready: relay to 10\.0\.0\.5:1688$")
    console.wait(r"^ +192\.0\.2\.77/24 +dhcp +(1 h 0|59) min")
    console.wait(r"^ +2001:db8::77/64 +slaac +(1 d 0|23) h")
    console.wait(r"^ +gateway 192\.0\.2\.1 \(dhcp\), fe80::1 \(ra\)$")
    console.wait(r"^ Relay     ready, 3 connections now of 4096, 1204 in all, 0 refused, 0 failed$")
    console.wait(r"^ Traffic   1\.2 MiB up, 3\.4 MiB down; connect 0\.5/2 ms, session 20/100 ms$")
    console.wait(r"^ Allowed   on-link: 192\.0\.2\.0/24, 2001:db8::/64; guard dcerpc$")


def test_folders_that_come_later(keep, tmp_path):
    """Before their writers have made them there is nothing to watch."""
    run = tmp_path / "later"
    run.mkdir()
    console = keep(Console(types.SimpleNamespace(dir=run), tmp_path, mode=None))
    console.wait(r"^ Starting: no record from init yet")
    records = Records(run)
    records.well()
    console.wait(r"^ Ready: relay to 10\.0\.0\.5:1688$")
    records.relay(connections_total=4711)
    console.wait(r"4711 in all")


def test_folder_that_is_replaced(records, start):
    """As a mount over it does: what is written from then on lies in another folder of the same name."""
    records.well()
    console = start()
    console.wait(r"^ Ready: relay to 10\.0\.0\.5:1688$")
    (records.dir / "service").rename(records.dir / "elsewhere")
    (records.dir / "service").mkdir()
    records.relay(connections_total=4711)
    console.wait(r"4711 in all")
    records.relay(connections_total=4712)
    console.wait(r"4712 in all")


def test_times_go_on_without_new_records(records, start):
    records.well()
    records.nic(address=[f"192.0.2.77/24 dhcp {boot_ms() + 50000}"])
    console = start()
    console.wait(r"192\.0\.2\.77/24 +dhcp +47 s left")
    console.wait(r"192\.0\.2\.77/24 +dhcp +45 s left")


def test_service_fails(records, start):
    records.well()
    console = start()
    console.wait(r"^ Ready")
    records.service(state="waiting", pid=78, next_start_ms=boot_ms() + 9900, restarts=4,
                    last_exit="killed by SIGKILL", last_exit_ms=boot_ms())
    console.wait(r"^ Not ready: relay failed \(killed by SIGKILL\), next start in [5-9] s$")
    console.wait(r"^ Relay     not running")
    console.wait(r"next start in [1-4] s")


def test_upstream_is_found_and_lost(records, start):
    found = dict(upstream=["kms1.example.org:1688 up", "kms2.example.org:1688 down Connection refused"],
                 upstream_source=["srv:_vlmcs._tcp.example.org"] * 2, upstream_connect_us=[412, 412])
    lost = dict(state="no upstream", upstream=[], upstream_source=[], upstream_connect_us=[])
    records.well()
    records.relay(**lost, source=["srv:_vlmcs._tcp waiting no search domain yet"])
    console = start()
    console.wait(r"^ Not ready: no upstream found: srv:_vlmcs\._tcp \(no search domain yet\)$")
    console.wait(r"^ Upstream  waiting  srv:_vlmcs\._tcp: no search domain yet$")
    console.wait(r"^ +or set relay\.upstream=HOST:PORT, or search=DOMAIN$")
    records.relay(**found, source=["srv:_vlmcs._tcp ok _vlmcs._tcp.example.org"])
    console.wait(r"^ Ready: relay to kms1\.example\.org:1688; 1 of 2 upstreams down$")
    console.wait(r"^ Upstream  up    kms1\.example\.org:1688, 0\.41 ms, srv:_vlmcs\._tcp\.example\.org$")
    console.wait(r"^ +down  kms2\.example\.org:1688: Connection refused$")
    records.relay(**found, source=["srv:_vlmcs._tcp stale SERVFAIL"], connections_refused=3, refused_guard=3)
    console.wait(r"DNS fails, its last answer stays in force: srv:_vlmcs\._tcp \(SERVFAIL\)$")
    console.wait(r"^ Refused   3 by the guard$")
    records.relay(**lost, source=["srv:_vlmcs._tcp failed NXDOMAIN"])
    console.wait(r"^ Not ready: no upstream found: srv:_vlmcs\._tcp \(NXDOMAIN\)$")


def test_nic_comes_and_goes(records, start):
    records.well()
    console = start(lines=19)
    console.wait(r"^ eth0 +UP")
    records.nic("eth1", mac="52:54:00:00:00:99", address=[], dhcp4="discover", gateway=[])
    console.wait(r"^ +1 more NIC: n$")
    console.press(b"n")
    console.wait(r"^ eth1 +UP  52:54:00:00:00:99")
    records.remove("net", "eth1")
    console.wait_not("52:54:00:00:00:99")
    console.wait(r"^ eth0 +UP")


def test_settings_that_are_not_in_force(records, start):
    """The first in the verdict, each in the network's part, until they are."""
    records.well()
    console = start()
    console.wait(r"^ Ready: relay to 10\.0\.0\.5:1688$")
    records.write("link", "state", waiting=["52:54:00:12:34:57"], problems=0)
    console.wait(r"^ Ready: relay to 10\.0\.0\.5:1688; ip: no NIC 52:54:00:12:34:57 yet$")
    records.write("link", "state", waiting=["52:54:00:12:34:57"], problems=1,
                  problem=["eth0: address 192.0.2.5 refused: Invalid argument"])
    console.wait(r"^ Settings  eth0: address 192\.0\.2\.5 refused: Invalid argument$")
    console.wait(r"^ +ip: no NIC 52:54:00:12:34:57 yet$")
    records.write("link", "state", problems=0)
    console.wait(r"^ Ready: relay to 10\.0\.0\.5:1688$")


def test_collector_and_hypervisor(records, start):
    records.well()
    console = start(columns=100, lines=25)
    console.wait(r"^ Ready: relay to 10\.0\.0\.5:1688$")
    records.write("log", "state", state="sending", collector="udp://192.0.2.9:514", collector_origin="dhcp", sent=3, lost=0)
    console.wait(r"^ Syslog    sending to udp://192\.0\.2\.9:514 \(dhcp\), 3 lines$")
    records.write("agent", "state", backend="qemu", state="connected", requests=2)
    console.wait(r"^ Syslog    sending to .*, 3 lines; agent: qemu connected, 2 requests$")
    records.write("log", "state", state="failed", collector="udp://192.0.2.9:514", collector_origin="dhcp", sent=3, lost=9,
                  error="Connection refused")
    console.wait(r"^ Syslog    failed: udp://192\.0\.2\.9:514 \(dhcp\), 3 lines, 9 lost: Connection refused$")
    console.wait(r"^ Agent     qemu connected, 2 requests$")


def test_twelve_nics_are_paged(records, start):
    records.well()
    for number in range(12):
        records.nic(f"eth{number}", address=[f"192.0.2.{number + 1}/24 dhcp forever"])
    console = start(columns=80, lines=25)
    seen = []
    pages = int(console.wait(r"page 1 of (\d+)")[1])
    for page in range(1, pages + 1):
        console.wait(rf"page {page} of {pages}")
        seen += [line.split()[0] for line in console.lines() if line.startswith(" eth")]
        if page < pages:
            console.wait(rf"^ +{12 - len(seen)} more NICs?: n$")
        console.press(b"N")
    assert seen == [f"eth{number}" for number in range(12)], f"expected each NIC once, in order, got {seen}"
    console.wait(rf"page 1 of {pages}")


@pytest.mark.parametrize("torn", ["state=run", "no equals\n", "=x\n", "a=\0\n", "a=x\n" * 10000],
                         ids=["no end", "no equals", "no key", "NUL", "too long"])
def test_torn_records_are_said(records, start, torn):
    records.well()
    console = start()
    console.wait(r"^ Ready")
    for writer, name in (("init", "system"), ("init", "service"), ("service", "relay"), ("net", "eth0"), ("log", "lines")):
        records.write_raw(writer, name, torn)
    for label in ("System", "Service", "Relay", "eth0"):
        console.wait(rf"^ {label} +its record is unreadable")
    console.wait(r"^ Not ready: service: its record is unreadable")
    console.wait(r"^ its record is unreadable")
    records.well()
    console.wait(r"^ Ready: relay to 10\.0\.0\.5:1688$")
    console.wait(r"line 40 of the log")


def test_nothing_foreign_reaches_the_terminal(records, start):
    evil = "\x1b]0;owned\x07\x1b[2J\x1b[31mred\x9b5n\xc3\xa4\x0e\x08\r"
    records.system(hostname=evil, appliance=evil)
    records.service(name=evil, last_exit=evil)
    records.relay(upstream=[f"{evil} down {evil}"], upstream_source=[f"srv:{evil}"], source=[f"{evil} failed {evil}"],
                  allow=[evil, "on-link"], on_link=[evil], guard=evil)
    records.nic(mac=evil, driver=evil, address=[f"{evil} {evil} 7 {evil}"], gateway=[f"{evil} {evil}"])
    records.log([evil, "the last line"])  # which log would not have written
    console = start(lines=40, known=True)
    console.wait(r"^ its record is unreadable")
    console.press(b"l")
    console.wait(r"^ Log: its record is unreadable")
    console.press(b"lr")
    console.wait(r"Restart the service")
    console.press(b"x")
    console.wait(r"Not ready")
    data = console.bytes()
    for unwanted in (b"\x1b]", b"\x07", b"\x9b", b"\xc3", b"\x0e", b"\x08", b"\r", b"\n", b"\x1b[31m"):
        assert unwanted not in data, f"expected no {unwanted!r} among the bytes for the terminal"
    clearings = data.count(b"\x1b[2J")
    assert clearings == 1, f"expected one clearing, our own, got {clearings}"


def test_calm_screen_costs_few_bytes(records, start):
    """A second changes an uptime and little else; nothing else is sent."""
    records.well()
    console = start()
    console.wait(r"^ Ready")
    first = console.wait(r"relay running for (\d+) s")[1]
    console.screen.wait(lambda text: f"for {first} s" not in text, 5)
    before, ticks = len(console.bytes()), console.cpu_ticks()
    started = int(console.wait(r"relay running for (\d+) s")[1])
    ended = int(console.wait(rf"relay running for ({started + 3}|{started + 4}|{started + 5}) s")[1])
    sent, used = len(console.bytes()) - before, console.cpu_ticks() - ticks
    assert sent <= 100 * (ended - started), f"expected at most 100 bytes a second, got {sent} in {ended - started} s"
    assert used <= 10 * (ended - started), f"expected at most 10 % of a processor, got {used} ticks"
