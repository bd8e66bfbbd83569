"""Whoever takes over a program sees, writes and may do what the tables in docs say of that program, and no more; the rest
of the guest goes on serving meanwhile."""

import contextlib
import re
import socket

import pytest

from overlay import overlay
from relayed import wait_relayed
from tree import BUILD, HERE

PORT = 7009
INTRUDER = HERE / BUILD / "check/intruder"
# Of each room: links to the image's executables and to files of its /etc that tell nothing (src/init/room.c).
HALL = re.compile(r"/init|/etc/(passwd|hosts|resolv\.conf|dhcpcd\.conf)"
                  r"|(/usr)?/s?bin/(agent|clock|console|dhcpcd|link|log|net|ntpd|relay|resolver|web)")
GIVEN = {"chroot": "SYS_CHROOT", "raw": "NET_RAW", "packets": "NET_RAW", "network": "NET_ADMIN", "time": "SYS_TIME"}
REFUSED = {"Operation not permitted", "Permission denied", "No such file or directory", "Read-only file system",
           "Invalid argument", "No space left on device"}
MAY_CONTROL = {"console", "agent"}
SHARES_USER = {"console", "ntpd"}  # with another screen, with clock


def rows(page, table):
    """{program: its cells} of a table that `make docs` made."""
    text = re.search(rf"^<!-- {table}: begin[^\n]*\n(.*?)^<!-- {table}: end", (HERE / f"docs/{page}.md").read_text(), re.M | re.S)[1]
    return {cells[1]: cells[2:] for cells in ([cell.strip() for cell in line.split("|")] for line in text.splitlines()[2:])}


def paths(cell):
    return [word if "/" in word else f"/run/thimble/{word}" for word in re.findall(r"`([^`]+)`", cell)]


class Place:
    """What the tables say of a program."""

    def __init__(self, program):
        row = "service" if program == "relay" else "clock" if program == "ntpd" else program
        reads, writes = rows("security", "rooms")[row][:2]
        if row == "service":
            facts = (HERE / "appliances/kms-relay/appliance.mk").read_text()
            reads = "".join(f"`{word}`" for word in re.search(r"^SERVICE_SEES +:= (.*)$", facts, re.M)[1].split())
        self.reads, self.writes = paths(reads), paths(writes)
        limits = rows("init", "programs")[row]
        self.capabilities = set() if row in ("service", "web") else set(re.findall(r"`([A-Z_]+)`", limits[2]))
        self.memory_mib = int(limits[3].split()[0]) if "MiB" in limits[3] else None
        self.processes = int(limits[4]) if limits[4].isdigit() else 2
        self.files = int(limits[5])
        self.root = "`root`" in limits[1]


def is_below(path, places):
    """Whether PATH is one of PLACES, in one, or on the way to one."""
    return any(path == place.rstrip("/") or path.startswith(place.rstrip("/") + "/") or place.startswith(path + "/") for place in places)


class Report:
    def __init__(self, lines):
        def of(word):
            return [line.split(" ", 1)[1] for line in lines if line.startswith(word + " ")]
        self.sees, self.writes = of("sees"), of("writes")
        self.tried = dict(line.split(": ", 1) for line in of("tried"))
        self.bound = {name: int(count) for name, count in (line.split(": ") for line in of("bound"))}


class Listener:
    """Where intruders connect to."""

    def __init__(self, lan):
        with lan.entered():
            self.socket = socket.create_server(("192.0.2.1", PORT))
        self.connection, self.said = None, b""

    def report(self, seconds):
        """Of the first that comes to its end: init ends a log that reads nothing, and what does not live on."""
        self.socket.settimeout(seconds)
        while b"\nholding\n" not in self.said:
            got = self.connection.recv(65536) if self.connection else b""
            self.said += got
            if not got:
                self.said = b""
                self.connection, _ = self.socket.accept()
                self.connection.settimeout(seconds)
        return Report(self.said.decode().splitlines())

    def exhibits(self):
        return [("the intruder said", self.said.decode())]

    def close(self):
        for one in (self.connection, self.socket):
            if one:
                one.close()


PROGRAMS = {"console": "/bin/console", "link": "/bin/link", "dhcpcd": "/sbin/dhcpcd", "net": "/bin/net", "log": "/bin/log",
            "resolver": "/bin/resolver", "agent": "/bin/agent", "relay": "/usr/bin/relay", "web": "/bin/web", "clock": "/bin/clock",
            "ntpd": "/bin/ntpd"}
FILTERED = ["dhcpcd", "ntpd"]  # their lists hold from before they execute (docs/security.md); the others set theirs first thing


@pytest.fixture
def intrude(keep, dual_stack, boot, tmp_path):
    """intrude(PROGRAM): its Report, out of a guest in which the intruder stands in the program's place."""
    def start(program):
        listener = keep(Listener(dual_stack))
        extra = ["-initrd", str(overlay(tmp_path, {PROGRAMS[program]: (0o711, INTRUDER.read_bytes())}))]
        if program == "agent":
            extra += ["-device", "virtio-serial-pci", "-chardev", "null,id=nobody", "-device",
                      "virtserialport,chardev=nobody,name=org.qemu.guest_agent.0"]
        guest = boot(dual_stack, extra=extra, append="thimble.ntp=192.0.2.1" if program == "ntpd" else "")
        return guest, listener, listener.report(200)
    return start


def serves(lan, host, program):
    """What the guest still does for others, while PROGRAM is an intruder."""
    if program != "relay":
        wait_relayed(lan, host)
    if program != "web":
        with contextlib.closing(lan.connect(host, 80, 10)) as page:
            page.sendall(b"GET /status.json HTTP/1.0\r\n\r\n")
            assert page.recv(12) in (b"HTTP/1.1 200", b"HTTP/1.0 200"), "expected the status page"


@pytest.mark.parametrize("program", FILTERED)
def test_who_is_filtered_before_it_executes_is_ended(keep, dual_stack, boot, tmp_path, program):
    """The intruder makes calls that are not in the list of the program in whose place it is."""
    extra = ["-initrd", str(overlay(tmp_path, {PROGRAMS[program]: (0o711, INTRUDER.read_bytes())}))]
    guest = boot(dual_stack, extra=extra, append="thimble.ntp=192.0.2.1")
    guest.wait_screen(rf"{program}\[\d+\]: system call \d+", 90)
    guest.wait_screen(r"Service +relay running")


@pytest.mark.deadline(300)
@pytest.mark.parametrize("program", [name for name in PROGRAMS if name not in FILTERED])
def test_what_an_intruder_can_do(dual_stack, intrude, program):
    place = Place(program)
    _, listener, report = intrude(program)
    serves(dual_stack, listener.connection.getpeername()[0], program)

    seen = [path for path in report.sees if not HALL.fullmatch(path) and not is_below(path, place.reads + place.writes)]
    assert not seen, f"expected to see {place.reads + place.writes} and the hall, got also {seen}"
    missing = [path for path in place.writes if path.startswith("/run/") and path.rstrip("/") not in report.writes]
    assert not missing, f"expected to write to {place.writes}, cannot {missing}"
    written = [path for path in report.writes if not is_below(path, place.writes)]
    assert not written, f"expected to write to {place.writes}, got also {written}"

    allowed = {what for what, capability in GIVEN.items() if capability in place.capabilities}
    allowed |= {"control"} if program in MAY_CONTROL else set()
    allowed |= {"signals"} if program in SHARES_USER else set()
    # Only others' ids keep root's processes from being traced: nothing of it is read by their users.
    allowed |= {"dump"} if place.root else set()
    done = {what for what, how in report.tried.items() if how == "done"}
    assert done == allowed, f"expected to be done {allowed}, got {done}"
    others = {what: how for what, how in report.tried.items() if what not in done and how not in REFUSED and "signal 31" not in how}
    assert not others, f"expected to be refused, got {others}"

    assert place.root or report.bound["processes"] <= place.processes, report.bound
    assert report.bound["files"] <= place.files, report.bound
    assert report.bound["records"] <= 256, report.bound
    assert report.bound["memory"] <= (place.memory_mib or 0), report.bound
