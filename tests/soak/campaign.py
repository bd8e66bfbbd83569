"""A campaign: fault after fault while clients are at work, each judged before the next one.

    seed, number -> fault -> what it may do -> all well again? -> one line
"""

import contextlib
import dataclasses
import json
import pathlib
import random
import re
import threading
import time

import kinds
from relayed import exchange
from waiting import POLL_S, wait_until
from world import FOLDERS, NAMES, PDU, World, expected, standing

BLOCK, ENDS = 500, 125  # so many faults, the last of which end the machine
REST_EVERY = 25
RESTS = 6  # of one machine, for a judgement of what leaks
MEMORY_KIB = 256  # the most that a machine may have less of later on
WARM = 25  # faults before a machine's first rest
MORE = {"init_kib": 64, "init_files": 1, "relay_files": 1, "processes": 1, "records": 1}  # no more than so much
STEADY = 20  # looks at the memory without more of it
# Lines of the screen that say that something is wrong, in the order in which they are looked for.
WORRIES = [r"^ (Not ready: .+)", r"^ (?:Program|Service) +(\S+ (?:waiting|hung|failed|stopping).+)", r"^ Upstream +(down .+)",
           r"^ Syslog +(.*(?:lost|not |error|refused).*)", r"^ (Attention: .+)", r"(DOWN .+)", r"^ (Ready: .+)"]


@dataclasses.dataclass
class Line:
    seed: str
    number: int
    kind: str
    what: str
    seconds: float
    screen: str
    faults: list  # what was wrong; empty when all was well

    def __str__(self):
        verdict = "".join(f"\n    WRONG: {fault}" for fault in self.faults)
        return f"{self.seed} {self.number:4} {self.seconds:6.1f} s  {self.what}: {self.screen}{verdict}"


@dataclasses.dataclass
class Rest:
    """What the machine has taken when its clients are gone."""

    machine: int
    number: int
    memory_kib: int
    init_kib: int
    init_files: int
    relay_files: int
    processes: int
    records: int


def drawn(seed, number, only=()):
    """The kind of fault NUMBER, and the dice for the rest of it."""
    dice = random.Random(f"{seed} {number}")
    of = kinds.MACHINE if number % BLOCK >= BLOCK - ENDS else kinds.GUEST
    if only:
        of = {name: kinds.ALL[name] for name in only}
    name = dice.choices(list(of), [weight for weight, _ in of.values()])[0]
    return name, dice


class Campaign:
    """OUT(line) gets each Line."""

    def __init__(self, folder, seed, out=print, only=()):
        self.seed, self.out, self.only, self.folder = str(seed), out, only, pathlib.Path(folder)
        self.world = World(self.folder, self.seed)
        self.lines, self.rests = [], []
        self.life = 0  # faults that this machine has had
        try:
            self.wait_well(kinds.Harm("start"), {}, kinds.START_S)
        except AssertionError:
            self.close()
            raise

    # --- one fault ---

    def run(self, number):
        kind, dice = drawn(self.seed, number, self.only)
        time.sleep(dice.random() / 2)
        before, counts, torn = self.world.machine.restarts(), self.world.clients.say("tell"), len(self.world.scrapes.torn)
        harm, wrong, began = kinds.Harm(kind), [], time.monotonic()
        with Screen(self.world) as screen:
            try:
                harm = kinds.ALL[kind][1](self.world, dice)
                began = time.monotonic() if not harm.starts else began
                if harm.starts:
                    before = dict.fromkeys(before, 0)
                if harm.starts or harm.cuts:
                    self.world.clients.say("anew")
                self.wait_well(harm, before, harm.within_s)
            except Exception as error:  # whatever it is, it belongs to this fault
                wrong.append(f"{type(error).__name__}: {error}")
            seconds = time.monotonic() - began
        wrong += self.judge(harm, before, counts, torn)
        self.lines.append(Line(self.seed, number, kind, harm.what, seconds, screen.worst(), wrong))
        self.out(self.lines[-1])
        self.life = 0 if harm.starts else self.life + 1
        if wrong:
            self.keep_exhibits(number)
            self.replace_machine()
        elif self.life == WARM or (self.life > WARM and self.life % REST_EVERY == 0):
            self.rest(number)

    def judge(self, harm, before, counts, torn):
        """What is wrong beside that it took too long."""
        wrong, now = [], self.world.clients.say("tell")
        if now["wrong"] > counts["wrong"]:
            wrong.append(f"a byte is wrong: {now['last']}")
        failed, ended = (now[key] - counts[key] for key in ("failed", "ended"))
        if not harm.cuts and not harm.starts and (ended or (failed and not harm.refuses)):
            wrong.append(f"{failed} exchanges and {ended} sessions were cut, the last: {now['last']}")
        wrong += self.world.scrapes.torn[torn:]
        try:
            after = self.world.machine.restarts()
        except (AssertionError, OSError, LookupError, ValueError) as error:
            return [*wrong, f"no records: {error}"]
        for name in NAMES:
            least, most = harm.restarts.get(name, (0, 0))
            if not least <= after[name] - before[name] <= most:
                wrong.append(f"{kinds.short(name)} was started anew {after[name] - before[name]} times, expected {least} to {most}")
        return wrong

    def wait_well(self, harm, before, within_s):
        """Until all programs run, those that had to were started anew, the network is as it was, and new exchanges come back."""
        wait_until(lambda: self.is_well(harm, before), within_s, "all is well")

    def is_well(self, harm, before):
        machine, lan = self.world.machine, self.world.network.lan
        status = machine.status()
        assert status["verdict"]["ready"], status["verdict"]["text"]
        for program in [status["service"], *status["programs"]]:
            assert program["state"] == "running" or program["name"].startswith("shell."), f"{program['name']} {program['state']}"
        now = machine.restarts() if harm.restarts else {}
        late = [name for name, (least, _) in harm.restarts.items() if now[name] - before[name] < least]
        assert not late, f"{late} not started anew"
        assert harm.until is None or harm.until(), f"{harm.what}: not yet over"
        assert standing(status) == expected(machine), f"expected {expected(machine)}, got {standing(status)}"
        for address in (machine.four, machine.six):
            assert exchange(lan, address, PDU) == PDU, f"{address}: no exchange"
        return True

    def keep_exhibits(self, number):
        """What the guest still says, in the folder."""
        with contextlib.suppress(AssertionError, OSError, ValueError):
            (self.folder / f"wrong-{number}.json").write_text(json.dumps(self.world.machine.status(), indent=1))
        (self.folder / f"wrong-{number}.screen").write_text(self.world.machine.guest.screen())

    def replace_machine(self):
        """The next fault gets one that is well."""
        self.world.network.ntp.answer = kinds.reply
        self.world.machine.pull_plug()
        self.world.start_machine()
        self.world.clients.say("anew")
        self.wait_well(kinds.Harm("start"), {}, kinds.START_S)
        self.life = 0

    # --- what leaks ---

    def rest(self, number):
        self.world.clients.say("rest")
        try:
            self.rests.append(self.take_stock(number))
        finally:
            self.world.clients.say("work")

    def take_stock(self, number):
        """The most memory that is free within some seconds: what a dead connection holds goes by and by."""
        root, best, same = self.world.machine.root, 0, 0
        while same < STEADY:
            free = int(re.search(r"MemAvailable: +(\d+)", root.tell("cat /proc/meminfo"))[1])
            best, same = (free, 0) if free > best else (best, same + 1)
            time.sleep(2 * POLL_S)
        relay = root.record("service")["pid"]
        ours = [line for line in root.tell("list").splitlines() if not re.search(r" (k\S*|irq/\S+|pool_\S+|oom_\S+|watchdogd|writeback)$", line)]
        return Rest(self.world.machines, number, best, int(re.search(r"VmRSS:\s+(\d+)", root.tell("cat /proc/1/status"))[1]),
                    int(root.tell("count /proc/1/fd")), int(root.tell(f"count /proc/{relay}/fd")), len(ours),
                    sum(int(root.tell(f"count /run/thimble/{folder}")) for folder in ("init", *FOLDERS)))

    def leaks(self):
        """Of each machine that rested often enough. Its memory goes up and down by some hundred KiB, as the kernel's pages
        come back one by one, so the most that was free in the first half of its rests stands against that in the second."""
        found = []
        for machine in sorted({rest.machine for rest in self.rests}):
            rests = [rest for rest in self.rests if rest.machine == machine]
            if len(rests) < RESTS:
                continue
            first, second = rests[:len(rests) // 2], rests[len(rests) // 2:]
            less = max(rest.memory_kib for rest in first) - max(rest.memory_kib for rest in second)
            if less > MEMORY_KIB:
                found.append(f"machine {machine}: {less} KiB less from fault {second[0].number} on")
            for key in ("init_kib", "init_files", "relay_files", "processes", "records"):
                before, after = (min(getattr(rest, key) for rest in half) for half in (first, second))
                if after - before > MORE[key]:
                    found.append(f"machine {machine}: {key} {before} at first, {after} from fault {second[0].number} on")
        return found

    def close(self):
        self.world.close()


class Screen:
    """What the screen says during a fault, at its worst."""

    def __init__(self, world):
        self.world, self.seen, self.ended = world, [], threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def _run(self):
        while not self.ended.wait(POLL_S):
            text = self.world.machine.guest.screen()
            for rank, regex in enumerate(WORRIES):
                found = [re.sub(r"\s+", " ", match) for match in re.findall(regex, text, re.MULTILINE) if not match.startswith("shell.")]
                if found:
                    self.seen.append((rank, found[0]))
                    break

    def worst(self):
        return min(self.seen, default=(0, "nothing"), key=lambda seen: seen[0])[1]
