"""Networks for tests, made of namespaces.

    client ns --veth--+                   +--veth-- ns under test
                      br0 in the Lan's ns +--cable- QEMU
        servers (tests/lib/servers.py) ---+

Runs as root, or as the only user of a user namespace (tools/in-namespaces makes either)."""

import contextlib
import ctypes
import itertools
import json
import os
import socket
import subprocess

from cable import Cable
from waiting import wait_until  # noqa: F401

CLONE_NEWNET = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)
_numbers = itertools.count(1)


def _setns(path):
    with open(path) as handle:
        if _libc.setns(handle.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), path)


class Namespace:
    """A network namespace with lo up. Programs started in it end with it."""

    def __init__(self, label="ns"):
        self.name = f"{label}{os.getpid()}-{next(_numbers)}"  # several processes share the names
        self.children = []
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        self.ip("link", "set", "lo", "up")

    def command(self, *argv):
        """ARGV as it must be started to run in this namespace; the process keeps its pid."""
        return ["ip", "netns", "exec", self.name, *map(str, argv)]

    def run(self, *argv, check=True, timeout=20, **options):
        """Runs ARGV to its end and returns its standard output as text."""
        done = subprocess.run(self.command(*argv), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=timeout, **options)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, argv))}: status {done.returncode}: {done.stderr}")
        return done.stdout

    def start(self, *argv, log=None, **options):
        """Starts ARGV and returns its Popen. LOG: a path that gets its output and errors, appended."""
        with contextlib.ExitStack() as stack:
            if log is not None:
                handle = stack.enter_context(open(log, "ab"))
                options.setdefault("stdout", handle)
                options.setdefault("stderr", subprocess.STDOUT)
            child = subprocess.Popen(self.command(*argv), stdin=options.pop("stdin", subprocess.DEVNULL),
                                     **options)
        self.children.append(child)
        return child

    def ip(self, *words):
        """`ip WORDS` in this namespace, by `ip -n`."""
        done = subprocess.run(["ip", "-n", self.name, *map(str, words)], capture_output=True, text=True)
        assert done.returncode == 0, f"ip {' '.join(map(str, words))}: {done.stderr}"
        return done.stdout

    def sysctl(self, name, value):
        self.run("sh", "-c", f'echo {value} > /proc/sys/{name.replace(".", "/")}')

    def links(self):
        """`ip -json address`: a dictionary of interfaces by name."""
        return {link["ifname"]: link for link in json.loads(self.ip("-json", "address"))}

    def addresses(self, ifname, family=None):
        """Addresses of IFNAME as text without prefix; FAMILY "inet" or "inet6"."""
        return [a["local"] for a in self.links()[ifname]["addr_info"]
                if "local" in a and family in (None, a["family"])]

    @contextlib.contextmanager
    def entered(self):
        """Within it THIS THREAD is in the namespace: sockets made there stay there."""
        with open("/proc/thread-self/ns/net") as home:
            _setns(f"/run/netns/{self.name}")
            try:
                yield self
            finally:
                if _libc.setns(home.fileno(), CLONE_NEWNET) != 0:
                    os.abort()

    def socket(self, *arguments):
        with self.entered():
            return socket.socket(*arguments)

    def connect(self, host, port, timeout=10):
        """A TCP connection from this namespace; HOST is an address ("fe80::1%eth0" too)."""
        with self.entered():
            return socket.create_connection((host, port), timeout=timeout)

    def close(self):
        for child in reversed(self.children):
            stop(child)
        subprocess.run(["ip", "netns", "delete", self.name], check=True)


def stop(child, deadline_s=10):
    """SIGTERM, then SIGKILL after DEADLINE_S. Returns the exit status."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(deadline_s)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    return child.returncode


class Monitor:
    """What changes on links and addresses of NAMESPACE from now on, as `ip monitor` tells it. LOG: a path for it."""

    MARKS = ("203.0.113.254/32", "203.0.113.255/32")

    def __init__(self, namespace, log):
        self.namespace, self.log = namespace, log
        namespace.start("ip", "monitor", "link", "address", log=log)

        def listens():
            self._mark(self.MARKS[0])
            return self.MARKS[0] in log.read_text()
        wait_until(listens, 10, "ip monitor listens")

    def _mark(self, address):
        for verb in ("add", "delete"):
            self.namespace.ip("address", verb, address, "dev", "lo")

    def lines(self):
        self._mark(self.MARKS[1])
        wait_until(lambda: self.MARKS[1] in self.log.read_text(), 10, "ip monitor tells of the last change")
        return [line for line in self.log.read_text().splitlines() if not any(mark in line for mark in self.MARKS)]


def connect_veth(one, one_ifname, other, other_ifname):
    """A cable between two namespaces, both ends up."""
    one.ip("link", "add", one_ifname, "type", "veth", "peer", "name", other_ifname, "netns", other.name)
    one.ip("link", "set", one_ifname, "up")
    other.ip("link", "set", other_ifname, "up")


class Lan(Namespace):
    """One Ethernet segment: a namespace with the bridge br0, on whose addresses the servers answer.

    ADDRESSES are br0's, with prefix. The bridge always has a carrier, so servers can start first."""

    def __init__(self, *addresses, label="lan"):
        super().__init__(label)
        self.ports = itertools.count(1)
        self.cables = []
        self.ip("link", "add", "br0", "type", "bridge", "mcast_snooping", 0, "stp_state", 0)
        self.sysctl("net.ipv6.conf.br0.accept_dad", 0)
        self.sysctl("net.ipv6.conf.br0.accept_ra", 0)
        self.ip("link", "set", "br0", "address", "02:00:00:00:00:01", "up")
        connect_veth(self, "anchor", self, "anchor-end")
        self.sysctl("net.ipv6.conf.anchor-end.disable_ipv6", 1)
        self.enslave("anchor")
        self.set_addresses(*addresses)
        wait_until(lambda: "LOWER_UP" in self.links()["br0"]["flags"]
                   and self.addresses("br0", "inet6"), 5, "br0 has a carrier")

    def enslave(self, ifname):
        self.sysctl(f"net.ipv6.conf.{ifname}.disable_ipv6", 1)
        self.ip("link", "set", ifname, "master", "br0", "up")

    def set_addresses(self, *addresses):
        """Makes ADDRESSES br0's only ones, but for its link-local address."""
        self.ip("address", "flush", "dev", "br0", "scope", "global")
        for address in addresses:
            self.ip("address", "add", address, "dev", "br0", *(["nodad"] if ":" in address else []))

    def attach(self, namespace, ifname="eth0", mac=None):
        """Plugs NAMESPACE into this segment by a veth whose end there is IFNAME. Returns the name of the
        end here: `lan.ip("link", "set", PORT, "down")` takes its carrier away."""
        port = f"port{next(self.ports)}"
        self.ip("link", "add", port, "type", "veth", "peer", "name", ifname, "netns", namespace.name)
        self.enslave(port)
        if mac:
            namespace.ip("link", "set", ifname, "address", mac)
        namespace.ip("link", "set", ifname, "up")
        return port

    def join(self, other):
        """Makes one segment of this one and OTHER, whose bridge gets a MAC of its own and fe80::2. The cable between
        them is `trunk` on both sides: `other.ip("link", "set", "trunk", "down")`."""
        other.ip("link", "set", "br0", "address", "02:00:00:00:00:02")
        other.ip("address", "flush", "dev", "br0", "scope", "link")
        other.ip("address", "add", "fe80::2/64", "dev", "br0", "nodad")
        connect_veth(self, "trunk", other, "trunk")
        self.enslave("trunk")
        other.enslave("trunk")

    def plug_cable(self):
        """A Cable on this segment, for QEMU; it ends with the Lan."""
        cable = Cable(self, f"cable{next(self.ports)}")
        self.cables.append(cable)
        return cable

    def close(self):
        for cable in self.cables:
            cable.close()
        super().close()

    def neighbours(self):
        """What this segment's stack knows: {address: MAC}."""
        table = json.loads(self.ip("-json", "neighbour", "show", "dev", "br0"))
        return {entry["dst"]: entry["lladdr"] for entry in table if "lladdr" in entry}
