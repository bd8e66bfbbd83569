"""The faults. Each is a function of the world and its dice that does the harm, and returns what may come of it when it is over."""

import dataclasses
import itertools
import time

from flood import KINDS as CLIENTS
from flood import Flood
from ntp import reply
from relayed import PORT
from storms import spread
from waiting import wait_until
from world import FOLDERS, NAMES, PDU, START_S

DAY_S = 86_400
HOSTILE = "192.0.2.90"
PER_SECOND, FRAMES = 2000, 4000
HANG_S = 90  # ten seconds of a guest in emulation, and its start
PLACES = 200
MEMORY_MB = 64  # of the machine
DHCPCD = 4  # its processes


@dataclasses.dataclass
class Harm:
    """What was done, and what may come of it: nothing else may."""

    what: str
    restarts: dict = dataclasses.field(default_factory=dict)  # of the records of init: how often each is started anew, (least, most)
    cuts: bool = False  # sessions and exchanges
    refuses: bool = False  # exchanges alone, as a relay does that has no way to its upstream
    starts: bool = False  # the machine anew
    until: object = None  # what else must be true again, a function
    within_s: int = 60  # all is well again


def once(name):
    return {name: (1, 1)}


def short(name):
    return {"service": "relay"}.get(name, name.removeprefix("child."))


def kill(world, draw):
    name = draw.choice(NAMES)
    pid = world.machine.root.record(name)["pid"]
    assert world.machine.root.tell(f"kill {pid}") == "ok\n"
    return Harm(f"kill {short(name)}", once(name), cuts=name == "service")


def of_dhcpcd(world):
    return {line.split()[0] for line in world.machine.root.tell("list").splitlines() if line.endswith(" dhcpcd")}


def kill_helper(world, draw):
    """One of dhcpcd's processes, with which the others end, unless it only read packets for a lease."""
    before = sorted(of_dhcpcd(world), key=int)
    victim = before[draw.randrange(4) % len(before)]
    world.machine.root.tell(f"kill {victim}")

    def whole():
        now = of_dhcpcd(world)
        return victim not in now and len(now) >= DHCPCD and (now.isdisjoint(before) or now == set(before) - {victim})
    return Harm(f"kill dhcpcd's process {before.index(victim) + 1} of {len(before)}", {"child.dhcpcd": (0, 1)}, until=whole)


def hang(world, draw):
    name = draw.choice(NAMES)
    pid = world.machine.root.record(name)["pid"]
    assert world.machine.root.tell(f"stop {pid}") == "ok\n"
    return Harm(f"hang {short(name)}", once(name), cuts=name == "service", within_s=HANG_S)


def spin(world, draw):
    name = draw.choice(["service", "child.web", "child.console.ttyS0"])  # which do something all the time
    pid = world.machine.root.record(name)["pid"]
    assert world.machine.root.tell(f"spin {pid}") == "ok\n"
    return Harm(f"spin {short(name)}", once(name), cuts=name == "service", within_s=HANG_S)


def busy(world, draw):
    count, seconds = draw.randrange(8, 65), draw.randrange(1, 4)
    assert world.machine.root.tell(f"burn {count} {seconds}") == "ok\n"
    wait_until(lambda: sum(line.endswith(" sh") for line in world.machine.root.tell("list").splitlines()) < 3, 60, "they are gone")
    return Harm(f"{count} processes spin for {seconds} s")


def full_folder(world, draw):
    folder = draw.choice([*(f"/run/thimble/{name}" for name in ("init", *FOLDERS)), "/run/dhcpcd", "/run/dhcpcd-db", "/tmp"])
    kibibytes = int(world.machine.root.tell(f"fill {folder}"))
    time.sleep(draw.random())
    assert world.machine.root.tell(f"remove {folder}/fill") == "ok\n"
    return Harm(f"{folder} is full ({kibibytes} KiB)")


def clock_steps(world, draw):
    seconds = draw.choice([DAY_S, -DAY_S, 3600, -3600, 10 * 365 * DAY_S, -50 * 365 * DAY_S])
    assert world.machine.root.tell(f"clock {seconds}") == "ok\n"
    time.sleep(draw.random())
    assert world.machine.root.tell(f"clock {-seconds}") == "ok\n"
    return Harm(f"the clock steps by {seconds:+} s and back")


def pause(world, draw):
    seconds = draw.choice([1, 2, 3, 14])
    world.machine.guest.qmp.command("stop")
    time.sleep(seconds)
    world.machine.guest.qmp.command("cont")
    return Harm(f"paused for {seconds} s")


def balloon(world, draw):
    """The host takes memory, and gives it back."""
    left, seconds = draw.choice([8, 13, 24, 40]), draw.random() * 3
    world.machine.guest.qmp.command("balloon", value=left << 20)
    time.sleep(seconds)
    world.machine.guest.qmp.command("balloon", value=MEMORY_MB << 20)
    wait_until(lambda: world.machine.guest.qmp.command("query-balloon")["actual"] == MEMORY_MB << 20, 60, "all is given back")
    return Harm(f"the host takes all memory but {left} MB for {seconds:.1f} s")


def flaps(world, draw):
    """The carrier comes and goes."""
    count = draw.randrange(1, 12)
    for up in [False, True] * count:
        world.machine.guest.set_link(world.machine.nic, up)
        time.sleep(draw.random() / 5)
    return Harm(f"the carrier is lost {count} times", refuses=True)  # IPv6 may be back before IPv4, where the upstream is


def other_nic(world, draw):
    machine = world.machine
    machine.guest.unplug(machine.nic)
    machine.nic = machine.guest.plug(world.network.lan, machine.nic.mac)
    return Harm("its NIC is unplugged, another one plugged", cuts=True)


def loss(world, draw):
    cable = world.machine.nic.cable
    cable.loss, seconds = draw.choice([0.05, 0.2, 0.5]), draw.randrange(1, 4)
    time.sleep(seconds)
    lost, cable.loss = cable.loss, 0
    return Harm(f"{lost:.0%} of frames are lost for {seconds} s")


def gone(server, stop, draw):
    """SERVER is away for some seconds; returns them."""
    seconds = draw.randrange(1, 6)
    stop()
    time.sleep(seconds)
    server.start()
    return seconds


def dhcp_and_dns_gone(world, draw):
    return Harm(f"DHCP and DNS are gone for {gone(world.network.dnsmasq, world.network.dnsmasq.stop, draw)} s")


def router_gone(world, draw):
    return Harm(f"the router is gone for {gone(world.network.radvd, world.network.radvd.kill, draw)} s")


def false_time(world, draw):
    what, answer = draw.choice([
        ("says nothing", lambda query: None),
        ("says stratum 16", lambda query: reply(query, stratum=16)),
        ("says tomorrow", lambda query: reply(query, received_s=time.time() + DAY_S, sent_s=time.time() + DAY_S)),
        ("sends 48 zeros", lambda query: bytes(48)),
        ("sends half an answer", lambda query: reply(query)[:24])])
    world.network.ntp.answer = answer
    time.sleep(draw.random() * 3)
    world.network.ntp.answer = reply
    return Harm(f"the time server {what}")


def collector_gone(world, draw):
    seconds = draw.random() * 5
    world.network.stop_collector()
    time.sleep(seconds)
    world.network.start_collector()
    return Harm(f"the log's collector is gone for {seconds:.1f} s")


def host_gone(world, draw):
    seconds = draw.random() * 3
    world.network.stop_host()
    time.sleep(seconds)
    world.network.start_host()
    return Harm(f"the upstream host is gone for {seconds:.1f} s", cuts=True)


def storm(world, draw):
    machine = world.machine
    kinds = spread(machine.nic.mac, machine.four, machine.six)
    kind = draw.choice([*kinds])
    flood = Flood.of_frames(world.network.lan, "br0", PER_SECOND, list(itertools.islice(kinds[kind], FRAMES)), world.network.folder)
    time.sleep(0.5 + 2 * draw.random())
    flood.close()
    return Harm(f"storm of {kind}", within_s=90)


def crowd(world, draw):
    """More clients than the page or the relay has places for one of them, that say or read nothing or go at once."""
    kind, port = draw.choice(CLIENTS), draw.choice([PORT, 80])
    world.network.lan.ip("address", "replace", f"{HOSTILE}/24", "dev", "br0")
    flood = Flood.of_connections(world.network.lan, kind, world.machine.four, port, PLACES, [HOSTILE], PDU)
    time.sleep(0.5 + 2 * draw.random())
    flood.close()
    return Harm(f"crowd of {kind} clients at port {port}")


def noise(world, draw):
    """Bytes that mean nothing, in TCP and UDP."""
    machine = world.machine
    for _ in range(draw.randrange(5, 30)):
        with machine.network.lan.connect(draw.choice([machine.four, machine.six]), draw.choice([80, PORT]), 60) as sock:
            try:
                sock.sendall(draw.randbytes(draw.randrange(1, 20_000)))
            except OSError:
                pass  # it has hung up, as it may
    return Harm("noise at ports 80 and 1688")


# --- what ends the machine ---


def wait_reset(world, since, harm):
    world.machine.guest.qmp.wait_event("RESET", START_S, since)
    world.machine.wait_started()
    return harm


def reset(world, draw):
    since = len(world.machine.guest.qmp.events)
    world.machine.guest.qmp.command("system_reset")
    return wait_reset(world, since, Harm("reset", starts=True))


def panic(world, draw):
    since = len(world.machine.guest.qmp.events)
    world.machine.guest.qmp.command("inject-nmi")
    return wait_reset(world, since, Harm("the kernel panics", starts=True))


def end_of_init(world, draw):
    since = len(world.machine.guest.qmp.events)
    assert world.machine.root.tell("spin 1") == "ok\n"
    return wait_reset(world, since, Harm("PID 1 spins", starts=True))


def plug(world, draw):
    world.machine.pull_plug()
    world.start_machine()
    return Harm("the plug is pulled", starts=True)


# name: (how often it is drawn among its like, the function)
GUEST = {
    "kill": (30, kill), "helper": (2, kill_helper), "hang": (3, hang), "spin": (2, spin), "busy": (3, busy),
    "folder": (5, full_folder), "clock": (5, clock_steps), "pause": (3, pause), "balloon": (3, balloon), "flaps": (5, flaps), "nic": (3, other_nic),
    "loss": (4, loss), "dhcp": (5, dhcp_and_dns_gone), "router": (4, router_gone), "time": (5, false_time),
    "collector": (5, collector_gone), "host": (5, host_gone), "storm": (5, storm), "crowd": (5, crowd), "noise": (6, noise),
}
MACHINE = {"plug": (170, plug), "reset": (20, reset), "panic": (8, panic), "init": (2, end_of_init)}
ALL = {**GUEST, **MACHINE}
