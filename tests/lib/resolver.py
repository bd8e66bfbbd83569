"""The resolver as a plain program in a namespace, with an /etc/resolv.conf of its own."""

import collections
import ipaddress
import os
import pathlib
import time

from netns import stop
from records import read_record
from tree import HOST_BIN
from waiting import wait_until

# With the sanitizers and glibc; and as it is in the image, on musl.
PROGRAMS = {"glibc": HOST_BIN / "resolver", "musl": HOST_BIN.parent / "bin/resolver"}

Target = collections.namedtuple("Target", "source priority weight port host expires_ms addresses")


def parse_target(text):
    """A line target.M of the record resolver/upstreams."""
    source, priority, weight, port, host, expires_ms, addresses = text.split(" ")
    listed = [] if addresses == "-" else addresses.split(",")
    for address in listed:
        ipaddress.ip_address(address)
    return Target(int(source), int(priority), int(weight), int(port), host, int(expires_ms), listed)


class Resolver:
    """The program in NAMESPACE with the value UPSTREAM of relay.upstream, SERVERS and SEARCH in its resolv.conf;
    SETTINGS are lines of init/config. RUN_DIR: one that is there already (the relay's), with its settings. LIBC is a
    key of PROGRAMS."""

    def __init__(self, namespace, folder, upstream=None, servers=(), search=(), settings=(), run_dir=None,
                 libc="glibc"):
        self.namespace = namespace
        self.folder = pathlib.Path(folder)
        self.program = PROGRAMS[libc]
        self.log = self.folder / "resolver.log"
        self.conf = self.folder / "resolv.conf"
        self.run_dir = pathlib.Path(run_dir) if run_dir else self.folder / "run"
        if run_dir is None:
            (self.run_dir / "init").mkdir(parents=True, exist_ok=True)
        if upstream is not None:
            self.set_config(f"relay.upstream={upstream}", *settings)
        self.write_conf(servers, search)
        self.child = None
        self.start()

    def start(self):
        # Network namespaces that other tests remove are mounts that go away.
        mount = f'mount --bind {self.conf} /etc/resolv.conf && umount --lazy /run/netns && exec "$0"'
        self.child = self.namespace.start("unshare", "--mount", "sh", "-c", mount, self.program, log=self.log,
                                          env={**os.environ, "THIMBLE_RUN": str(self.run_dir)})
        self.wait_record(lambda record: record, "there is one")

    def write_conf(self, servers=(), search=()):
        """In place: the file is mounted over the one that is read."""
        lines = [f"nameserver {server}\n" for server in servers]
        if search:
            lines.append(f"search {' '.join(search)}\n")
        self.conf.write_text("".join(lines))

    def _rename_into(self, path, text):
        path.parent.mkdir(exist_ok=True)
        new = path.with_name(path.name + ".new")
        new.write_text(text)
        new.rename(path)

    def set_config(self, *lines):
        """The record init/config, as init writes it: each LINE is "key=value"."""
        self._rename_into(self.run_dir / "init/config", "".join(line + "\n" for line in lines))

    def set_net(self, *search):
        """The record net/resolver, as net writes it, with these search domains."""
        lines = [f"search.{n}={domain} dhcp4 eth0 forever\n" for n, domain in enumerate(search, 1)]
        self._rename_into(self.run_dir / "net/resolver", "".join(lines) + "left_out=0\n")

    def record(self):
        return read_record(self.run_dir, "resolver", "upstreams")

    def targets(self):
        return list(map(parse_target, self.record().list("target")))

    def wait_record(self, condition, what, deadline_s=30):
        """Waits until CONDITION of the record holds, and returns the record."""
        def look():
            assert self.child.poll() is None, f"the resolver ended with status {self.child.returncode}"
            record = self.record()
            return record if condition(record) else None
        return wait_until(look, deadline_s, f"record resolver/upstreams: {what}",
                          lambda: f"{self.record()}\n{self.log_text()}")

    def wait_source(self, number, expected, deadline_s=30):
        """Waits for the line source.NUMBER, EXPECTED or what begins with "EXPECTED ". Returns the record."""
        def fits(record):
            line = record.get(f"source.{number}", "")
            return line == expected or line.startswith(expected + " ")
        return self.wait_record(fits, f"source.{number}={expected}", deadline_s)

    def wait_targets(self, expected, deadline_s=30):
        """Waits until the targets are EXPECTED, a list of (host, port, [address, ...]), in that order."""
        def fits(record):
            targets = map(parse_target, record.list("target"))
            return [(t.host, t.port, t.addresses) for t in targets] == expected
        return self.wait_record(fits, f"targets {expected}", deadline_s)

    def workers(self):
        return open(f"/proc/{self.child.pid}/task/{self.child.pid}/children").read().split()

    def descriptors(self):
        return len(list((pathlib.Path("/proc") / str(self.child.pid) / "fd").iterdir()))

    def status(self, key):
        """A number of /proc/PID/status, as VmRSS in kB."""
        for line in (pathlib.Path("/proc") / str(self.child.pid) / "status").read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1])
        raise AssertionError(f"no {key} in /proc/PID/status")

    def log_text(self):
        return self.log.read_bytes().decode("utf-8", "replace")

    def exhibits(self):
        yield "resolver: record", str(self.record())
        yield "resolver: log", self.log_text()[-8000:]

    def kill(self):
        self.child.kill()
        self.child.wait()

    def close(self):
        """SIGTERM. The sanitizers make the status not 0 when memory was misused or leaked."""
        status = stop(self.child)
        assert status == 0, f"expected the resolver to end with status 0, got {status}:\n{self.log_text()}"


def monotonic_ms():
    """The clock of the record's times."""
    return int(time.clock_gettime(time.CLOCK_MONOTONIC) * 1000)
