"""A network with all that an appliance asks for, an appliance in it with root inside, and clients and scrapes at work."""

import contextlib
import http.client
import json
import pathlib
import re
import subprocess
import sys
import threading

import ntp
from dcerpc import NDR, bind
from guest import Guest, slaac_address
from netns import Lan, stop
from qga import Port
from relayed import PORT
from rooted import PROGRAMS, Root, root_overlay
from servers import Dnsmasq, Radvd, interval, prefix, rdnss
from status_page import ask
from tcp import TcpPeer, silent
from waiting import wait_until

LIB = pathlib.Path(__file__).resolve().parent.parent / "lib"
ACTIVATION = "51c82175-844e-4750-b0d8-ec255555bc06"
PDU = bind((ACTIVATION, 1, [NDR]))
HOST, HOST6, ROUTER, PREFIX = "192.0.2.1", "2001:db8:1::1", "fe80::ff:fe00:1", "2001:db8:1::/64"
NAMES = [*PROGRAMS, "child.agent", "service"]  # of the records of init
FOLDERS = ["link", "net", "log", "service", "clock", "resolver", "agent"]  # whose records are in /run/thimble
# A machine that resets starts anew in the same QEMU; the device bites when PID 1 is gone.
RESETS = ["-action", "reboot=reset,watchdog=reset", "-device", "i6300esb"]
UPSTREAM = f"kms.example:{PORT}"
APPEND = f"unknown_nmi_panic thimble.relay.upstream={UPSTREAM} thimble.syslog=tcp://192.0.2.1:514"
START_S, REST_S = 120, 60
SCRAPE_S = 0.5
METRIC = re.compile(r'(#.*|thimble_[a-z0-9_]+(\{[a-z_]+="[^"\n]*"(,[a-z_]+="[^"\n]*")*\})? [-+.e0-9]+)')


class Network:
    """The servers, each of which can be stopped and started."""

    def __init__(self, folder, stack):
        keep = lambda thing: stack.enter_context(contextlib.closing(thing))  # noqa: E731
        self.folder = folder
        self.lan = keep(Lan(f"{HOST}/24", f"{HOST6}/64"))
        # Two minutes are the least that dnsmasq leases.
        self.dnsmasq = keep(Dnsmasq(self.lan, folder, "dhcp-range=192.0.2.100,192.0.2.150,2m", f"host-record=kms.example,{HOST},5",
                                    f"dhcp-option=option:ntp-server,{HOST}").start())
        self.radvd = keep(Radvd(self.lan, folder, interval(3, 4), prefix(PREFIX, 600, 300), rdnss(HOST6)).start())
        self.ntp = keep(ntp.NtpServer(self.lan, HOST))
        self.collector = self.host = None
        self.start_collector()
        self.start_host()
        stack.callback(self.stop_collector)
        stack.callback(self.stop_host)

    def start_collector(self):
        self.collector = TcpPeer(self.lan, silent, HOST, 514)

    def stop_collector(self):
        if self.collector:
            self.collector.close()
            self.collector = None

    def start_host(self):
        log = self.folder / "host.log"
        log.write_text("")
        self.host = self.lan.start(sys.executable, "-B", LIB / "echo_host.py", HOST, PORT, log=log)
        wait_until(lambda: "listening" in log.read_text(), 20, "the host listens", log.read_text)

    def stop_host(self):
        stop(self.host)


class Machine:
    """An appliance from its start to its end. NUMBER: how many there were before."""

    def __init__(self, network, number):
        self.network, self.agent = network, Port()
        folder = network.folder / f"machine{number}"
        folder.mkdir()
        self.guest = Guest(folder, network.lan, append=APPEND, lines=60,
                           extra=["-initrd", str(root_overlay(folder)), *self.agent.argv(), "-device", "virtio-balloon-pci", *RESETS])
        self.nic = self.guest.nics[0]
        self.root = None
        self.four, self.six = None, slaac_address(PREFIX, self.nic.mac)

    def wait_started(self):
        self.four = self.guest.wait_address(r"192\.0\.2\.\d+", START_S)
        self.root = Root(self.network.lan, self.four)
        self.root.wait_answers(START_S)
        return self

    def status(self):
        code, text = ask(self.network.lan, self.four, "/status.json")
        assert code == 200, f"/status.json: {code}"
        return json.loads(text)

    def restarts(self):
        return {name: int(self.root.record(name)["restarts"]) for name in NAMES}

    def pull_plug(self):
        with contextlib.suppress(AssertionError):
            self.guest.close()
        self.agent.close()
        for nic in self.guest.nics:
            nic.cable.close()
            self.network.lan.cables.remove(nic.cable)
            self.network.lan.ip("link", "delete", nic.cable.port)

    close = pull_plug


def standing(status):
    """Of STATUS what no fault may change for good."""
    nics = {nic["ifname"]: (nic["link"], sorted(a["address"] for a in nic["addresses"] if a["usable"]),
                            sorted(g["address"] for g in nic["gateways"])) for nic in status["nics"]}
    return {"nics": nics, "servers": sorted({server["address"] for server in status["resolver"]["servers"]}),
            "upstreams": [(u["endpoint"], u["state"]) for u in status["relay"]["upstreams"]],
            "refused": status["system"]["settings_refused"]}


def expected(machine):
    """What stands where all is well."""
    addresses = [f"{machine.four}/24", f"{machine.six}/64"]
    return {"nics": {"eth0": ("up", sorted(addresses), [HOST, ROUTER])}, "servers": [HOST, HOST6],
            "upstreams": [(UPSTREAM, "up")], "refused": 0}


class Clients:
    """clients.py beside us."""

    def __init__(self, lan, seed, addresses):
        self.child = lan.start("nice", sys.executable, "-B", pathlib.Path(__file__).parent / "clients.py", seed, PDU.hex(), *addresses,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def say(self, word):
        self.child.stdin.write(word + "\n")
        self.child.stdin.flush()
        line = self.child.stdout.readline()
        assert line, f"the clients have ended with status {self.child.wait()}"
        return json.loads(line)

    def close(self):
        self.child.stdin.close()
        stop(self.child)


class Scrapes:
    """Somebody reads the page, the metrics and the state all the time, and takes nothing that is torn."""

    def __init__(self, machine):
        self.machine, self.answers, self.torn = machine, 0, []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        paths = ["/status.json", "/metrics", "/", "/log"]
        while not self.ended.wait(SCRAPE_S):
            paths.append(paths.pop(0))
            for address in (self.machine.four, self.machine.six):
                with contextlib.suppress(OSError, http.client.HTTPException):
                    code, text = ask(self.machine.network.lan, address, paths[0])
                    if code == 200:
                        self.answers += 1
                        self._look(paths[0], text)

    def _look(self, path, text):
        try:
            if path == "/status.json":
                json.loads(text)
            if path == "/metrics":
                bad = [line for line in text.splitlines() if not METRIC.fullmatch(line)]
                assert not bad, bad[0]
            if path == "/":
                assert text.rstrip().endswith("</html>"), text[-80:]
        except (ValueError, AssertionError) as error:
            self.torn.append(f"{path}: {error}")

    def close(self):
        self.ended.set()
        self.thread.join()


class World:
    """All of it. `machine` changes when a plug is pulled."""

    def __init__(self, folder, seed):
        self.stack = contextlib.ExitStack()
        self.network = Network(folder, self.stack)
        self.machines = 0
        self.machine = None
        self.stack.callback(lambda: self.machine and self.machine.close())
        self.start_machine()
        # Where the clients go does not change with the machine: its MAC says its addresses.
        self.clients = self.stack.enter_context(contextlib.closing(Clients(self.network.lan, seed, [self.machine.four, self.machine.six])))
        self.scrapes = self.stack.enter_context(contextlib.closing(Scrapes(self.machine)))

    def start_machine(self):
        self.machine = Machine(self.network, self.machines).wait_started()
        self.machines += 1
        if self.machines > 1:
            self.scrapes.machine = self.machine

    def close(self):
        self.stack.close()
