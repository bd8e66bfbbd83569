"""Whatever call of the clock's program fails, it asks the time servers and tells how the clock is."""

import itertools
import os

from clock import NTPD, leave_the_clock_alone
from netns import Namespace
from nth import BIN, Scenario
from ntp import NtpServer

SERVERS = "192.0.2.1", "192.0.2.2"


class ClockScenario(Scenario):
    program = "clock"
    stays = False  # without an ntpd, or when that ends, init starts it anew

    def __init__(self, keep):
        self.box = keep(Namespace("box"))
        for address in SERVERS:
            self.box.ip("address", "add", f"{address}/24", "dev", "lo")
            keep(NtpServer(self.box, address))
        self.turns = itertools.cycle(SERVERS)

    def begin(self, run):
        bin_folder = run.folder / "bin"
        bin_folder.mkdir(exist_ok=True)
        for name, path in (("clock", BIN / "clock"), ("ntpd", NTPD)):
            if not (bin_folder / name).exists():
                (bin_folder / name).symlink_to(path)
        run.say("init", "config", ntp="")
        (run.run_dir / "net/resolver").unlink(missing_ok=True)
        run.say("net", "eth0", **{"ifname": "eth0", "link": "up", "address.1": "192.0.2.7/24 dhcp forever"})
        run.start(bin_folder / "clock", namespace=self.box, preexec_fn=leave_the_clock_alone,
                  env={"PATH": f"{bin_folder}:{os.environ['PATH']}"})

    def ready(self, run):
        return run.record("clock", "state").get("state") == "no servers"

    def job(self, run):
        server = next(self.turns)
        run.say("net", "resolver", **{"ntp.1": server, "left_out": 0})
        run.until(lambda: run.record("clock", "state").get("server") == server, 15, f"{server} is asked")


def test_a_call_fails(campaign, call):
    campaign(ClockScenario, call)
