"""The guest's dhcpcd and net as plain programs in a namespace: the same executable, configuration and users
as in the image, in a root directory made for the test."""

import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest
from netns import Namespace, stop
from records import read_record
from tree import HOST_BIN
from users import FOLDER, home_of, uid_of
from waiting import wait_until

TREE = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = HOST_BIN.parent / "packages/dhcpcd/root/sbin/dhcpcd"
MAC = "02:00:00:00:01:01"  # of a guest's NIC
DEADLINE_S = 20
# What init allows each process of dhcpcd (src/init/programs.def).
LIMITS = ("prlimit", "--data=16777216", "--nofile=256")
# Of `make survey`: writes down the system calls.
RECORD = HOST_BIN.parent / "calls-record"
RECORDER = (str(RECORD), "dhcpcd") if RECORD.exists() else ()
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def has_users():
    """Whether the guest's users exist here: in the user namespace of a test without root they do not."""
    maps = [line.split() for line in pathlib.Path("/proc/self/uid_map").read_text().splitlines()]
    return any(int(first) <= uid_of("dhcpcd") < int(first) + int(count) for first, _, count in maps)


def need_users():
    if not has_users():
        pytest.skip("needs the guest's users: run as root")


def sysctls():
    """(key, value) of each line of rootfs/etc/sysctl.conf."""
    for line in (TREE / "rootfs/etc/sysctl.conf").read_text().splitlines():
        key, equals, value = line.partition("#")[0].partition("=")
        if equals:
            yield key.strip(), value.strip()


def each(key, nics):
    """KEY with its * as "default" and each interface that is there, as src/init/mounts.c has it; none where a namespace has
    no such setting, because it is the machine's."""
    if ".gc_thresh" in key or ".inet_peer_" in key:
        return []
    every = [] if ".neigh." in key else ["default", "all"]
    return [key.replace("*", name) for name in [*every, "lo", *nics]] if "*" in key else [key]


class GuestNetwork:
    """A namespace with dhcpcd, net and link, started by start() or start_dhcpcd(), start_net() and start_link().
    SETTINGS are what init would have read: ip, mtu, dns."""

    def __init__(self, label="guest", **settings):
        self.settings = {"ip": "dhcp", "mtu": "0", **settings}
        self.namespace = Namespace(label)
        # In the tests' own /run: the guest's users may not go through root's folders.
        self.folder = pathlib.Path("/run") / self.namespace.name
        self.root = self.folder / "root"
        self.run_dir = self.folder / "run"
        self.dhcpcd_log, self.net_log = self.folder / "dhcpcd.log", self.folder / "net.log"
        self.link_log = self.folder / "link.log"
        self.dhcpcd = self.net = self.link = None
        self.host_name = "thimble-000101"  # as init gives it
        self.prepared = False
        self._make_root()

    def _prepare(self):
        """What init does before it starts the first program: NICs are there, and down."""
        if self.prepared:
            return
        self.prepared = True
        links = self.namespace.links()
        nics = [name for name in links if name != "lo"]
        for name in nics:
            self.namespace.ip("link", "set", name, "down")
        self.namespace.run("sh", "-euc", "".join(
            f"echo {value} > /proc/sys/{name.replace('.', '/')}\n" for key, value in sysctls()
            if key.startswith(("net.ipv4.", "net.ipv6.")) for name in each(key, nics)))
        for name in nics:
            if "UP" in links[name]["flags"]:
                self.namespace.ip("link", "set", name, "up")

    def _make_root(self):
        home = home_of("dhcpcd").lstrip("/")
        for path in ("sbin", "etc", "dev", "proc", "sys", "run/dhcpcd", "run/dhcpcd-db", home):
            (self.root / path).mkdir(parents=True, exist_ok=True)
        shutil.copy(PROGRAM, self.root / "sbin/dhcpcd")
        for name in ("passwd", "group"):
            shutil.copy(FOLDER / name, self.root / "etc" / name)
        (self.root / "dev/null").touch()
        for name in ("init", "net", "link"):
            (self.run_dir / name).mkdir(parents=True)
            if has_users() and name != "init":
                shutil.chown(self.run_dir / name, uid_of(name), uid_of(name))
        if has_users():
            shutil.chown(self.root / "run/dhcpcd-db", uid_of("dhcpcd"), uid_of("dhcpcd"))
        self._write_settings()

    def _write_settings(self):
        """As init: the record init/config and dhcpcd's configuration."""
        lines = "".join(f"{key}={value}\n" for key, value in self.settings.items())
        (self.run_dir / "init/config").write_text(lines)
        conf = self.root / "etc/dhcpcd.conf"
        shutil.copy(TREE / "rootfs/etc/dhcpcd.conf", conf)
        conf.write_text(subprocess.run([HOST_BIN / "dhcpcd-conf", conf, self.settings["ip"], self.settings["mtu"]],
                                       check=True, capture_output=True, text=True).stdout)

    @property
    def socket_path(self):
        return self.root / "run/dhcpcd/unpriv.sock"

    def start(self, link=True):
        need_users()
        self.start_net()
        if link:
            self.start_link()
        self.start_dhcpcd()
        return self

    def start_dhcpcd(self):
        need_users()
        self._prepare()
        # dhcpcd writes its titles over its environment: without one they are cut.
        environment = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"
        mounts = "mount --bind /dev/null dev/null; mount --bind /proc proc; mount --bind /sys sys"
        self.dhcpcd = self.namespace.start(
            "unshare", "--mount", "--uts", "sh", "-euc",
            f"cd {self.root}; {mounts}; hostname {self.host_name}; "
            f"exec {' '.join(RECORDER + LIMITS)} env -i {environment} chroot . /sbin/dhcpcd -B -M -h {self.host_name}", log=self.dhcpcd_log)

    def set_host_name(self, name):
        """Of the machine that dhcpcd is in."""
        subprocess.run(["nsenter", f"--target={self.dhcpcd.pid}", "--uts", "hostname", name], check=True)

    @staticmethod
    def _as_user(name, *capabilities):
        """The prefix that makes a command that user's, with CAPABILITIES alone."""
        if not has_users():
            return ()
        kept = ",".join(["-all", *(f"+{capability}" for capability in capabilities)])
        more = (f"--inh-caps={kept}", f"--ambient-caps={kept}") if capabilities else ()
        return ("setpriv", f"--reuid={uid_of(name)}", f"--regid={uid_of(name)}", "--clear-groups",
                f"--bounding-set={kept}", *more, "--no-new-privs")

    def _link_state_id(self):
        """Another one for each record that is written."""
        path = self.run_dir / "link/state"
        return (path.stat().st_ino, path.stat().st_mtime_ns) if path.exists() else None

    def start_link(self, wait=True):
        """Waits until it has looked once."""
        self._prepare()
        before = self._link_state_id()
        self.link = self.namespace.start(*self._as_user("link", "net_admin", "net_raw"), HOST_BIN / "link", log=self.link_log,
                                         env={**os.environ, "THIMBLE_RUN": str(self.run_dir)})
        if wait:
            wait_until(lambda: self.link.poll() is None and self._link_state_id() not in (None, before), DEADLINE_S,
                       "link writes its record", self.logs)

    def kill_link(self):
        """It gets no last word."""
        self.link.kill()
        self.link.wait()
        self.namespace.children.remove(self.link)
        self.link = None

    def change_settings(self, **settings):
        """Other settings, for whatever is started from now on."""
        self.settings.update(settings)
        self._write_settings()

    def start_net(self, prefix=()):
        self._prepare()
        user = self._as_user("net")
        self.net = self.namespace.start(*prefix, *user, HOST_BIN / "net", self.socket_path, log=self.net_log,
                                        env={**os.environ, "THIMBLE_RUN": str(self.run_dir)})
        wait_until(lambda: self.net.poll() is None and self.resolver_exists(), DEADLINE_S, "net writes records",
                   self.logs)

    def resolver_exists(self):
        return (self.run_dir / "net/resolver").exists()

    def dhcpcd_processes(self):
        """{title: pid} of dhcpcd: "manager", "privileged proxy", "network proxy", "control proxy", and the
        rest by the same rule."""
        found, members = {}, {self.dhcpcd.pid}
        parents = {}
        for path in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                fields = (path / "stat").read_text().rpartition(")")[2].split()
                parents[int(path.name)] = int(fields[1])
            except OSError:
                continue
        while grown := {pid for pid, parent in parents.items() if parent in members} - members:
            members |= grown
        for pid in sorted(members):
            try:
                title = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode().rstrip("\0 ")
            except OSError:
                continue
            if title.startswith("dhcpcd: ["):
                found[title.partition("[")[2].partition("]")[0]] = pid
        return found

    def processes(self):
        """All of dhcpcd, and net."""
        return [*self.dhcpcd_processes().values(), self.net.pid]

    def lasting_processes(self):
        """All but the one that reads raw DHCPv4 packets, which comes and goes with the link and with the asking."""
        return [self.net.pid, *(pid for title, pid in self.dhcpcd_processes().items() if "BPF" not in title)]

    def memory_kb(self):
        """{pid: kB of memory it has written to}, of dhcpcd's processes."""
        found = {}
        for pid in self.dhcpcd_processes().values():
            text = pathlib.Path(f"/proc/{pid}/status").read_text()
            found[pid] = int(text.partition("VmData:")[2].split()[0])
        return found

    def processor_s(self):
        """How long dhcpcd and net have been running on a processor."""
        stats = [pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in self.processes()]
        return sum(int(fields[11]) + int(fields[12]) for fields in stats) * TICK_S

    def wait_calm(self, deadline_s=DEADLINE_S):
        """Waits for a second in which both together use less than a tenth of a processor."""
        seen = []

        def look():
            now = (time.monotonic(), self.processor_s())
            seen.append(now)
            while now[0] - seen[0][0] > 1.5:
                seen.pop(0)
            return now[0] - seen[0][0] >= 1 and now[1] - seen[0][1] < 0.1
        self.wait(look, "a calm second", deadline_s)

    def kill_dhcpcd(self, title="manager", signal_number=signal.SIGKILL, deadline_s=DEADLINE_S):
        """Kills the process TITLE and waits until all of dhcpcd has ended."""
        processes = self.dhcpcd_processes()
        os.kill(processes[title], signal_number)
        self.dhcpcd.wait(deadline_s)
        wait_until(lambda: not [p for p in processes.values() if self._lives(p)], deadline_s,
                   f"all of dhcpcd ends after its {title}")

    @staticmethod
    def _lives(pid):
        try:
            state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        return state != "Z"

    @staticmethod
    def drops(program):
        """How many messages of rtnetlink the kernel could not give to PROGRAM, a Popen."""
        inodes = {line.stat().st_ino for line in pathlib.Path(f"/proc/{program.pid}/fd").iterdir()}
        table = pathlib.Path(f"/proc/{program.pid}/net/netlink").read_text().splitlines()
        names = table[0].split()
        rows = [dict(zip(names, line.split())) for line in table[1:]]
        return sum(int(row["Drops"]) for row in rows if int(row["Inode"]) in inodes)

    def nic(self, ifname="eth0"):
        return read_record(self.run_dir, "net", ifname)

    def link_state(self):
        return read_record(self.run_dir, "link", "state")

    def problems(self):
        return self.link_state().list("problem")

    def resolver(self):
        return read_record(self.run_dir, "net", "resolver")

    def resolv_conf(self):
        return (self.run_dir / "net/resolv.conf").read_text()

    def addresses(self, ifname="eth0"):
        """The record's addresses as lists of words: [ADDRESS/PREFIX, ORIGIN, EXPIRES, FLAGS...]"""
        return [line.split() for line in self.nic(ifname).list("address")]

    def address(self, text, ifname="eth0"):
        """The words of the address that begins with TEXT, or None."""
        return next((words for words in self.addresses(ifname) if words[0].startswith(text)), None)

    def servers(self):
        """[ADDRESS, ORIGIN, IFNAME, EXPIRES] of each DNS server."""
        return [line.split() for line in self.resolver().list("server")]

    def searches(self):
        return [line.split() for line in self.resolver().list("search")]

    def wait(self, condition, what, deadline_s=DEADLINE_S):
        """Waits for CONDITION of the records; net must live."""
        def look():
            if self.net.poll() is not None:
                raise RuntimeError(f"net ended with status {self.net.returncode}:\n{self.logs()}")
            return condition()
        return wait_until(look, deadline_s, what, lambda: f"{self.state()}\n{self.logs()}")

    def wait_address(self, text, origin, ifname="eth0", deadline_s=DEADLINE_S):
        """Waits for an address that begins with TEXT, of ORIGIN, without flags; returns its words."""
        def look():
            words = self.address(text, ifname)
            return words if words and words[1] == origin and len(words) == 3 else None
        return self.wait(look, f"address {text}... {origin} on {ifname}", deadline_s)

    def state(self):
        lines = []
        for path in sorted([*(self.run_dir / "net").glob("*"), self.run_dir / "link/state"]):
            if path.exists():
                lines.append(f"--- {path.name}\n{path.read_text(errors='replace')}")
        return "".join(lines) + f"--- ip address\n{self.namespace.ip('address')}"

    def routes(self, family=4):
        """`ip route` as lists of words, for assertions on "default via X"."""
        return self.namespace.ip(f"-{family}", "route", "show").splitlines()

    def logs(self):
        text = ""
        for path in (self.net_log, self.link_log, self.dhcpcd_log):
            if path.exists():
                text += f"--- {path.name}\n{path.read_bytes().decode(errors='replace')[-6000:]}"
        return text

    def exhibits(self):
        return [("guest network", self.state()), ("logs", self.logs())]

    def close(self):
        """Ends all; a sanitizer's finding in net or link fails the test."""
        statuses = [stop(child) for child in (self.net, self.link) if child is not None]
        if self.dhcpcd is not None:
            stop(self.dhcpcd)
        self.namespace.close()
        logs = self.logs()
        shutil.rmtree(self.folder)
        assert not any(statuses), f"net and link ended with status {statuses}:\n{logs}"
