"""The relay as a plain program in a namespace, and TCP peers by hand on both sides of it."""

import contextlib
import os
import pathlib
import signal
import socket
import struct
import threading

from netns import Lan, Namespace, stop
from records import read_record
from tree import HOST_BIN
from waiting import wait_until

PORT = 1688
PROGRAM = HOST_BIN / "relay"
GUEST_PROGRAM = HOST_BIN.parent / "bin/relay"  # as it is in the image


class Relay:
    """The program in NAMESPACE with SETTINGS (idle_timeout_s=1 is relay.idle-timeout-s). PREFIX is a command
    that starts it: ("prlimit", "--nofile=64"); PROGRAM another build of it."""

    def __init__(self, namespace, folder, prefix=(), program=PROGRAM, **settings):
        self.run_dir = pathlib.Path(folder) / "run"
        self.log = pathlib.Path(folder) / "relay.log"
        (self.run_dir / "init").mkdir(parents=True, exist_ok=True)
        self.write_settings(settings)
        self.child = namespace.start(*prefix, program, log=self.log,
                                     env={**os.environ, "THIMBLE_RUN": str(self.run_dir)})
        self.wait_record(lambda record: record, "there is one")

    def write_settings(self, settings):
        lines = [f"relay.{key.replace('_', '-')}={value}\n" for key, value in settings.items()]
        new = self.run_dir / "init/config.new"
        new.write_text("".join(lines))
        new.rename(self.run_dir / "init/config")

    def change(self, **settings):
        """Makes these its settings, all of them, while it runs."""
        self.write_settings(settings)
        self.child.send_signal(signal.SIGHUP)

    def record(self):
        return read_record(self.run_dir, "service", "relay")

    def wait_record(self, condition, what, deadline_s=20):
        """Waits until CONDITION of the record holds, and returns the record."""
        def look():
            assert self.child.poll() is None, f"the relay ended with status {self.child.returncode}"
            record = self.record()
            return record if condition(record) else None
        return wait_until(look, deadline_s, f"record service/relay: {what}",
                          lambda: f"{self.record()}\n{self.log_text()}")

    def wait_connections(self, now, total, deadline_s=20):
        """TOTAL too, for a record is up to 250 ms old: one from before they came has none now either."""
        return self.wait_record(lambda record: (record.number("connections_now") == now
                                                and record.number("connections_total") == total),
                                f"connections_now={now}, connections_total={total}", deadline_s)

    def descriptors(self):
        """What /proc/PID/fd points to, by kind: {"socket": 3, "pipe": 2, ...}"""
        kinds = {}
        for entry in (pathlib.Path("/proc") / str(self.child.pid) / "fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                kind = os.readlink(entry).split(":")[0]
                kinds[kind] = kinds.get(kind, 0) + 1
        return kinds

    def status(self, key):
        """A number of /proc/PID/status, as VmRSS in kB."""
        for line in (pathlib.Path("/proc") / str(self.child.pid) / "status").read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1])
        raise AssertionError(f"no {key} in /proc/PID/status")

    def cpu_ticks(self):
        fields = (pathlib.Path("/proc") / str(self.child.pid) / "stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def log_text(self):
        return self.log.read_bytes().decode("utf-8", "replace")

    def exhibits(self):
        yield "relay: log", self.log_text()[-8000:]

    def close(self):
        """SIGTERM. The sanitizers make the status not 0 when memory was misused or leaked."""
        status = stop(self.child)
        assert status == 0, f"expected the relay to end with status 0, got {status}:\n{self.log_text()}"


class Network:
    """clients and hosts on one segment (192.0.2.1, 2001:db8::1) -- the relay's box (192.0.2.2, 2001:db8::2)"""

    host, host6 = "192.0.2.1", "2001:db8::1"
    relay, relay6 = "192.0.2.2", "2001:db8::2"

    def __init__(self, keep, folder, splice=True):
        self.keep = keep
        self.folder = folder
        self.splice = splice
        self.lan = keep(Lan(f"{self.host}/24", f"{self.host6}/64"))
        self.box = keep(Namespace("box"))
        self.port = self.lan.attach(self.box)
        self.box.sysctl("net.ipv6.conf.eth0.accept_dad", 0)
        self.box.ip("address", "add", f"{self.relay}/24", "dev", "eth0")
        self.box.ip("address", "add", f"{self.relay6}/64", "dev", "eth0", "nodad")
        wait_until(lambda: self.lan.run("ping", "-c1", "-W1", self.relay6, check=False).find(" 0% ") > 0,
                   10, "the relay's box answers on IPv6")

    def start_relay(self, prefix=(), program=PROGRAM, **settings):
        settings = {"splice": "on" if self.splice else "off", **settings}
        return self.keep(Relay(self.box, self.folder, prefix, program, **settings))

    def listen(self, port, address=None, backlog=4096):
        """A listening socket of a host; port 0 takes a free one."""
        address = address or self.host
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        sock = self.keep(self.lan.socket(family, socket.SOCK_STREAM))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        sock.listen(backlog)
        sock.settimeout(20)
        return sock

    def connect(self, address=None, port=PORT):
        return self.keep(self.lan.connect(address or self.relay, port, 20))

    def assert_refused_by_reset(self, what):
        """A client is accepted and reset at once: its connect() may be so late that it sees the reset."""
        try:
            client = self.connect()
        except ConnectionResetError:
            return
        assert_reset(client, what)

    def session(self, listener):
        """A connection through the relay: (the client's socket, the host's)."""
        client = self.connect()
        host, _ = listener.accept()
        self.keep(host)
        host.settimeout(20)
        return client, host

    def busy_relay(self, **settings):
        """The relay and its one session: (the relay, the client's socket, the host's)."""
        listener = self.listen(7001)
        relay = self.start_relay(upstream=f"{self.host}:7001", **settings)
        client, host = self.session(listener)
        relay.wait_connections(1, 1)
        return relay, client, host

    def black_hole(self, address):
        """Makes what the relay sends to ADDRESS vanish: it goes to a MAC that nobody has."""
        self.box.ip("neighbour", "replace", address, "lladdr", "02:00:00:00:00:99", "dev", "eth0")


def read_to_end(sock):
    parts = []
    while data := sock.recv(1 << 20):
        parts.append(data)
    return b"".join(parts)


def read_exactly(sock, count):
    parts, got = [], 0
    while got < count:
        data = sock.recv(min(1 << 20, count - got))
        assert data, f"expected {count} bytes, the stream ended after {got}"
        parts.append(data)
        got += len(data)
    return b"".join(parts)


def send_and_end(sock, data):
    """In a thread of its own: sends DATA, then ends the stream. Returns the thread."""
    def run():
        with contextlib.suppress(OSError):  # the reader finds what is missing
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def assert_equal_bytes(got, expected, what):
    if got == expected:
        return
    at = next((i for i, (a, b) in enumerate(zip(got, expected)) if a != b), min(len(got), len(expected)))
    raise AssertionError(f"{what}: expected {len(expected)} bytes, got {len(got)}; they differ from byte {at} on")


def assert_reset(sock, what):
    """The connection must end by RST, not by an end of stream."""
    try:
        data = read_to_end(sock)
    except ConnectionResetError:
        return
    raise AssertionError(f"{what}: expected a reset, got an end of stream after {len(data)} bytes")
