"""Real servers on a Lan: dnsmasq, BIND, Kea, radvd, chrony. Each has a folder of its own with configuration, log and
leases, is ready when start() returns, and may be stopped, changed and started again.

All stay root: in a user namespace no other user exists."""

import collections
import json
import pathlib
import shutil

from netns import stop
from waiting import wait_until

Lease = collections.namedtuple("Lease", "address mac hostname expires_unix_s")

START_DEADLINE_S = 20


class Server:
    """`program`, its command line, and the text in its log that says it is ready."""

    program = ready = None

    def __init__(self, lan, folder, name=None):
        self.lan = lan
        self.name = name or type(self).__name__.lower()
        self.folder = pathlib.Path(folder) / self.name
        self.folder.mkdir(parents=True)
        self.log = self.folder / "log"
        self.child = None

    def argv(self):
        raise NotImplementedError

    def write_configuration(self):
        raise NotImplementedError

    def path(self):
        for folder in ("/usr/sbin", "/usr/bin", "/sbin"):
            if (found := shutil.which(self.program, path=folder)):
                return found
        raise AssertionError(f"{self.program} is not installed: make deps")

    def start(self):
        self.write_configuration()
        self.log.touch()
        begin = self.log.stat().st_size

        def is_ready():
            text = self.log_text()[begin:]
            assert self.child.poll() is None, f"{self.name} ended with {self.child.returncode}:\n{text}"
            return self.ready in text

        self.child = self.lan.start(*self.argv(), log=self.log)
        wait_until(is_ready, START_DEADLINE_S, f"{self.name} is ready", self.log_text)
        return self

    def stop(self):
        if self.child is not None:
            stop(self.child)
            self.child = None

    close = stop

    def exhibits(self):
        return [(f"{self.name}: log", self.log_text()[-8000:])]

    def kill(self):
        """Ends it as a power cut would: without goodbye messages (radvd's last RA has lifetime 0)."""
        if self.child is not None:
            self.child.kill()
            self.child.wait()
            self.child = None

    def restart(self):
        self.stop()
        return self.start()

    def log_text(self):
        return self.log.read_bytes().decode("utf-8", "replace")

    def leases(self):
        """What the server has given out, as it wrote it."""
        raise NotImplementedError

    def lease_of(self, mac, deadline_s=60):
        """The newest lease of MAC, waiting for it."""
        def find():
            mine = [lease for lease in self.leases() if lease.mac == mac.lower()]
            return mine[-1] if mine else None
        return wait_until(find, deadline_s, f"a lease of {mac} in {self.name}", self.log_text)


def mac_of_duid(duid):
    """The MAC in a DUID-LL or DUID-LLT (RFC 8415 section 11.2, 11.4) in hex with colons, or ""."""
    octets = duid.lower().split(":")
    if octets[:2] in (["00", "01"], ["00", "03"]) and len(octets) >= 10:
        return ":".join(octets[-6:])
    return ""


class Dnsmasq(Server):
    """LINES are lines of dnsmasq.conf: "dhcp-range=192.0.2.100,192.0.2.150,1h", "enable-ra",
    "dhcp-range=2001:db8:1::,ra-only", "address=/kms.example/192.0.2.1", ... It takes no lease below two
    minutes: Kea does. PINGS: it asks whether an address is in use before it offers it, as it does by default."""

    program = "dnsmasq"
    ready = "started, version"
    pings = False

    def __init__(self, lan, folder, *lines, name=None):
        super().__init__(lan, folder, name)
        self.lines = list(lines)
        self.leases_path = self.folder / "leases"

    def write_configuration(self):
        own = ["interface=br0", "except-interface=lo", "bind-interfaces", "no-resolv", "no-hosts",
               "log-dhcp", "log-queries", "dhcp-authoritative", f"dhcp-leasefile={self.leases_path}"]
        if not self.pings:
            own.append("no-ping")
        (self.folder / "dnsmasq.conf").write_text("\n".join(own + self.lines) + "\n")

    def argv(self):
        # Its debug mode neither forks nor changes its user, which it cannot in a user namespace.
        return [self.path(), "--no-daemon", f"--conf-file={self.folder}/dnsmasq.conf"]

    def leases(self):
        leases, six = [], False
        if not self.leases_path.exists():
            return leases
        for words in map(str.split, self.leases_path.read_text().splitlines()):
            if words[0] == "duid":
                six = True
            else:
                expires, owner, address, hostname, identity = words
                mac = mac_of_duid(identity) if six else owner
                leases.append(Lease(address, mac, hostname, int(expires)))
        return leases


class DhcpRelay(Server):
    """A relay agent in NAMESPACE: what comes in at its ADDRESS on the clients' segment goes to UPSTREAM, a server's
    address."""

    program, ready = "dnsmasq", "started, version"

    def __init__(self, namespace, folder, address, upstream, name=None):
        super().__init__(namespace, folder, name)
        self.address, self.upstream = address, upstream

    def write_configuration(self):
        pass

    def argv(self):
        return [self.path(), "--no-daemon", "--conf-file=/dev/null", "--port=0", "--log-dhcp",
                f"--dhcp-relay={self.address},{self.upstream}"]


class Named(Server):
    """BIND with ZONES, a dictionary of a zone's name to its lines after SOA and NS; the value None makes a zone that
    cannot be loaded, for which it answers SERVFAIL. It answers for nothing else."""

    program, ready = "named", "running"

    def __init__(self, lan, folder, zones, ttl_s=60, name=None):
        super().__init__(lan, folder, name)
        self.zones = dict(zones)
        self.ttl_s = ttl_s

    def write_configuration(self):
        lines = [f'options {{ directory "{self.folder}"; pid-file none; session-keyfile none; recursion no;',
                 "listen-on { any; }; listen-on-v6 { any; }; allow-query { any; }; dnssec-validation no;",
                 "notify no; };", "controls { };"]
        for number, (zone, records) in enumerate(self.zones.items()):
            path = self.folder / f"zone{number}"
            head = [f"$TTL {self.ttl_s}", f"@ SOA ns hostmaster 1 3600 600 86400 {self.ttl_s}", " NS ns",
                    "ns A 192.0.2.1"]
            path.write_text("\n".join(head + list(records) if records is not None else ["no zone"]) + "\n")
            lines.append(f'zone "{zone}" {{ type primary; file "{path}"; check-names ignore; check-srv-cname ignore; }};')
        (self.folder / "named.conf").write_text("\n".join(lines) + "\n")

    def argv(self):
        # As with Kea: an AppArmor profile goes by the path of the program.
        program = self.folder / self.program
        if not program.exists():
            shutil.copy(self.path(), program)
        return [program, "-g", "-n", "1", "-c", self.folder / "named.conf"]


class _Kea(Server):
    """Kea with the subnet's and the server's further parameters as keywords of Python.

    SUBNET as "192.0.2.0/24", POOL as "192.0.2.10 - 192.0.2.20" (None: the server refuses everyone),
    OPTIONS as {"routers": "192.0.2.1"}. `settings` is the whole configuration: change it and restart."""

    family = None

    def __init__(self, lan, folder, subnet, pool, lifetime_s=3600, options=None, name=None, **settings):
        super().__init__(lan, folder, name)
        self.leases_path = self.folder / "leases.csv"
        self.settings = {
            "interfaces-config": {"interfaces": ["br0"]},
            "lease-database": {"type": "memfile", "persist": True, "lfc-interval": 0,
                               "name": str(self.leases_path)},
            "valid-lifetime": lifetime_s,
            f"subnet{self.family}": [self.subnet(subnet, pool, options or {})],
            "loggers": [{"name": f"kea-dhcp{self.family}", "severity": "DEBUG", "debuglevel": 40,
                         "output_options": [{"output": "stdout", "flush": True}]}],
        }
        self.settings.update(settings)

    def subnet(self, subnet, pool, options):
        """One entry of subnet4 or subnet6."""
        made = {"id": 1, "subnet": subnet, "pools": [{"pool": pool}] if pool else []}
        made["option-data"] = self.option_data(options)
        return made

    @staticmethod
    def option_data(options):
        return [{"name": key, "data": value} for key, value in options.items()]

    def set_options(self, options):
        """From the next start on."""
        self.settings[f"subnet{self.family}"][0]["option-data"] = self.option_data(options)

    def write_configuration(self):
        text = json.dumps({f"Dhcp{self.family}": self.settings}, indent=1)
        (self.folder / "kea.conf").write_text(text)

    def argv(self):
        # Debian's AppArmor profile, attached by path, lets Kea read /etc/kea only: a copy is not confined.
        program = self.folder / self.program
        if not program.exists():
            shutil.copy(self.path(), program)
        # Since 2.6.3 it keeps leases in its own folder only, unless the environment names another.
        return ["env", f"KEA_PIDFILE_DIR={self.folder}", f"KEA_DHCP_DATA_DIR={self.folder}", "KEA_LOCKFILE_DIR=none",
                program, "-c", self.folder / "kea.conf"]

    def rows(self):
        if not self.leases_path.exists():
            return []
        head, *lines = self.leases_path.read_text().splitlines()
        names = head.split(",")
        return [dict(zip(names, line.split(","))) for line in lines if line.count(",") == head.count(",")]

    def forget_leases(self):
        """As after a server was put up anew; stop it first."""
        for path in self.folder.glob("leases.csv*"):
            path.unlink()


class Kea4(_Kea):
    """DHCPv4. `**{"authoritative": True}` makes it send NAK for addresses that it does not know."""

    program, family, ready = "kea-dhcp4", 4, "DHCP4_STARTED"

    def subnet(self, subnet, pool, options):
        return {**super().subnet(subnet, pool, options), "interface": "br0"}

    def leases(self):
        return [Lease(r["address"], r["hwaddr"], r["hostname"], int(r["expire"]))
                for r in self.rows() if r["state"] == "0" and r["valid_lifetime"] != "0"]


def wait_renewed(server, deadline_s=60):
    """Waits until SERVER has renewed its newest lease from now on."""
    before = server.leases()[-1].expires_unix_s
    wait_until(lambda: server.leases()[-1].expires_unix_s > before, deadline_s, "the lease is renewed", server.log_text)


class Kea6(_Kea):
    """DHCPv6. The guest asks only when a router advertisement says so: Radvd with managed."""

    program, family, ready = "kea-dhcp6", 6, "DHCP6_STARTED"

    def __init__(self, *arguments, lifetime_s=3600, **keywords):
        super().__init__(*arguments, lifetime_s=lifetime_s, **keywords)
        self.settings["preferred-lifetime"] = lifetime_s // 2
        self.settings["server-id"] = {"type": "EN", "enterprise-id": 32473, "identifier": "01020304",
                                      "persist": False}

    def subnet(self, subnet, pool, options):
        return {**super().subnet(subnet, pool, options), "interface": "br0"}

    def leases(self):
        return [Lease(r["address"], mac_of_duid(r["duid"]), r["hostname"], int(r["expire"]))
                for r in self.rows() if r["state"] == "0" and r["valid_lifetime"] != "0"]


class Chronyd(Server):
    """chrony, which serves the host's time on ADDRESS and leaves its clock alone."""

    program, ready = "chronyd", "starting"

    def __init__(self, lan, folder, address, stratum=8, name=None):
        super().__init__(lan, folder, name)
        self.address = address
        self.stratum = stratum

    def write_configuration(self):
        lines = [f"bindaddress {self.address}", "allow all", f"local stratum {self.stratum}", "cmdport 0",
                 f"pidfile {self.folder}/pid", "bindcmdaddress /"]
        (self.folder / "chrony.conf").write_text("\n".join(lines) + "\n")

    def argv(self):
        # As with Kea: an AppArmor profile goes by the path of the program. -x: without control of the clock.
        program = self.folder / self.program
        if not program.exists():
            shutil.copy(self.path(), program)
        return [program, "-d", "-x", "-u", "root", "-f", self.folder / "chrony.conf"]


class Radvd(Server):
    """Router advertisements of br0. LINES stand within `interface br0 { ... }`, as radvd.conf has them;
    prefix(), rdnss() and dnssl() write the common ones."""

    program, ready = "radvd", "polling for"

    def __init__(self, lan, folder, *lines, name=None):
        super().__init__(lan, folder, name)
        self.lines = list(lines)

    def write_configuration(self):
        self.lan.sysctl("net.ipv6.conf.all.forwarding", 1)
        (self.folder / "pid").unlink(missing_ok=True)  # one that was killed may have a helper that holds its lock yet
        lines = ["interface br0 {", "AdvSendAdvert on;", "IgnoreIfMissing off;", *self.lines, "};"]
        (self.folder / "radvd.conf").write_text("\n".join(lines) + "\n")

    def argv(self):
        return [self.path(), "--nodaemon", "--logmethod=stderr", "--debug=3",
                f"--config={self.folder}/radvd.conf", f"--pidfile={self.folder}/pid"]


def prefix(text, valid_s=3600, preferred_s=1800, autonomous=True):
    return (f"prefix {text} {{ AdvValidLifetime {valid_s}; AdvPreferredLifetime {preferred_s}; "
            f"AdvAutonomous {'on' if autonomous else 'off'}; }};")


def rdnss(*addresses, lifetime_s=3600):
    return f"RDNSS {' '.join(addresses)} {{ AdvRDNSSLifetime {lifetime_s}; }};"


def dnssl(*domains, lifetime_s=3600):
    return f"DNSSL {' '.join(domains)} {{ AdvDNSSLLifetime {lifetime_s}; }};"


def interval(least_s, most_s, lifetime_s=None):
    """How often advertisements are sent (RFC 4861 6.2.1: most_s 4 at least, least_s at most 0.75 of it)."""
    text = f"MinRtrAdvInterval {least_s}; MaxRtrAdvInterval {most_s};"
    return text if lifetime_s is None else f"{text} AdvDefaultLifetime {lifetime_s};"
