"""The status screen as a plain program on a pty, with records written by hand and init played by hand."""

import fcntl
import os
import pathlib
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import threading
import time

from netns import stop
from tree import HOST_BIN
from waiting import wait_until

TREE = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TREE / "tools"))

from vm.screen import SerialScreen  # noqa: E402

PROGRAM = HOST_BIN / "console"


def boot_ms():
    """The guest's clock in records: CLOCK_MONOTONIC."""
    return time.monotonic_ns() // 1000000


class Records:
    """A /run/thimble of our own, written as docs/records.md says."""

    def __init__(self, folder):
        self.dir = pathlib.Path(folder)
        for writer in ("init", "net", "link", "service", "log", "agent"):
            (self.dir / writer).mkdir(parents=True, exist_ok=True)

    def write_raw(self, writer, name, text):
        path = self.dir / writer / name
        new = path.with_name(name + ".new")
        new.write_text(text)
        new.rename(path)

    def write(self, writer, record, /, **values):
        """A list becomes KEY.1, KEY.2, ..."""
        lines = []
        for key, value in values.items():
            items = enumerate(value, 1) if isinstance(value, list) else [(None, value)]
            lines += [f"{key}={item}\n" if i is None else f"{key}.{i}={item}\n" for i, item in items]
        self.write_raw(writer, record, "".join(lines))

    def remove(self, writer, name):
        (self.dir / writer / name).unlink()

    def system(self, **values):
        known = dict(appliance="kms-relay", version="0.1.0", arch="x86_64", kernel="6.12.1", hostname="relay1",
                     machine="QEMU Standard PC", state="running", uptime_s=boot_ms() // 1000,
                     clock_unix_s=1795342800, clock_source="rtc", memory_total_bytes=28 << 20,
                     memory_available_bytes=16 << 20, settings_refused=0, watchdog="none")
        self.write("init", "system", **{**known, **values})

    def service(self, **values):
        known = dict(name="relay", state="running", pid=77, since_ms=boot_ms(), starts=1, restarts=0,
                     port=["1688/tcp"])
        self.write("init", "service", **{**known, **values})

    def relay(self, **values):
        known = dict(state="ready", upstream=["10.0.0.5:1688 up"], upstream_source=["setting"],
                     upstream_connect_us=[412], upstreams_left_out=0, allow=["on-link"],
                     on_link=["192.0.2.0/24", "2001:db8::/64"], guard="dcerpc:51c82175-844e-4750-b0d8-ec255555bc06",
                     connections_now=3, connections_total=1204, connections_refused=0, connections_failed=0,
                     connections_max=4096, refused_not_allowed=0, refused_full=0, refused_client_full=0,
                     refused_no_upstream=0, refused_guard=0, refused_first_byte=0, refused_memory=0, closed_idle=0,
                     closed_session_time=0, closed_gave_way=0, bytes_to_upstream=1258291, bytes_to_client=3565158, connect_p50_us=500,
                     connect_p99_us=2000, session_p50_ms=20, session_p99_ms=100)
        self.write("service", "relay", **{**known, **values})

    def nic(self, ifname="eth0", **values):
        known = dict(ifname=ifname, mac="52:54:00:12:34:56", driver="virtio_net", link="up", dhcp4="bound",
                     ra="received", address=[f"192.0.2.77/24 dhcp {boot_ms() + 3600000}",
                                             f"2001:db8::77/64 slaac {boot_ms() + 86400000}",
                                             "fe80::5054:ff:fe12:3456/64 link-local forever"],
                     gateway=["192.0.2.1 dhcp 1002", "fe80::1 ra 1024"])
        self.write("net", ifname, **{**known, **values})

    def log(self, lines):
        """The file log/lines and the record log/state."""
        self.write_raw("log", "lines", "".join(f"{number * 1000} 6 relay {line}\n" for number, line in enumerate(lines, 1)))
        self.write("log", "state", lines_total=len(lines))

    def well(self):
        """An appliance that does its job."""
        self.system()
        self.service()
        self.relay()
        self.nic()
        self.write("net", "resolver", server=["192.0.2.1 dhcp4 eth0 forever"])
        self.log([f"line {number} of the log" for number in range(1, 41)])


class _PtyEnd:
    """The master's end of a pty as the socket that SerialScreen reads; `reading` cleared, it hangs."""

    def __init__(self, fd):
        self.fd = fd
        self.reading = threading.Event()
        self.reading.set()
        self.wake, self.woken = os.pipe()

    def recv(self, size):
        self.reading.wait()
        select.select([self.fd, self.wake], [], [])
        return os.read(self.fd, size)  # OSError once the other end is closed

    def sendall(self, data):
        os.write(self.fd, data)

    def shutdown(self, how):
        self.reading.set()

    def close(self):
        os.close(self.woken)


class Console:
    """The program on a pty whose far end is a terminal of COLUMNS x LINES. NAME decides its kind; on a
    serial line the tty does not know the terminal's size, unless KNOWN says it does. MODE is the setting
    `console`; None: the record is as it is."""

    def __init__(self, records, folder, name="ttyS0", columns=80, lines=24, known=None, mode="on"):
        self.folder = pathlib.Path(folder)
        self.log = self.folder / "console.log"
        if mode:
            records.write("init", "config", console=mode)
        master, self.slave = pty.openpty()
        self.resize_tty(columns, lines, known if known is not None else not name.startswith("ttyS"))
        self.end = _PtyEnd(master)
        self.screen = SerialScreen(self.end, self.folder / "console.bytes", columns, lines)
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen([PROGRAM, name], stdin=self.slave, stdout=self.slave, stderr=log,
                                          env={**os.environ, "THIMBLE_RUN": str(records.dir)})

    def resize_tty(self, columns, lines, known=True):
        size = (lines, columns) if known else (0, 0)
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("4H", *size, 0, 0))

    def attach(self, columns, lines):
        """Another, blank terminal comes to the line in place of the first."""
        with self.screen.changed:
            self.screen.terminal.resize(lines, columns)
            self.screen.terminal.reset()

    def text(self):
        return self.screen.text()

    def lines(self):
        with self.screen.changed:
            return list(self.screen.terminal.display)

    def wait(self, regex, deadline_s=20):
        found = self.screen.wait_regex(regex, deadline_s)
        assert found, f"expected on the screen within {deadline_s} s: {regex}\nlast seen:\n{self.text()}"
        return found

    def wait_not(self, words, deadline_s=20):
        found = self.screen.wait(lambda text: words not in text, deadline_s)
        assert found, f"expected to leave the screen within {deadline_s} s: {words}\nlast seen:\n{self.text()}"

    def press(self, keys):
        self.screen.send(keys)

    def cpu_ticks(self):
        fields = pathlib.Path(f"/proc/{self.child.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def waits_for_room(self):
        """Whether its epoll asks for EPOLLOUT on the tty."""
        for info in pathlib.Path(f"/proc/{self.child.pid}/fdinfo").iterdir():
            found = re.search(r"^tfd: +0 events: +([0-9a-f]+)", info.read_text(), re.MULTILINE)
            if found:
                return bool(int(found[1], 16) & select.EPOLLOUT)
        return False

    def bytes(self):
        return (self.folder / "console.bytes").read_bytes()

    def exhibits(self):
        yield "console: screen", self.text()
        yield "console: log", self.log.read_text(errors="replace")[-8000:]

    def close(self):
        """SIGTERM. The sanitizers make the status not 0 when memory was misused or leaked."""
        self.end.reading.set()
        status = stop(self.child)
        os.close(self.slave)
        wait_until(lambda: self.screen.closed, 5, "the pty is closed")
        self.screen.close()
        os.close(self.end.fd)
        os.close(self.end.wake)
        assert status == 0, f"expected the console to end with status 0, got {status}:\n{self.log.read_text()}"
