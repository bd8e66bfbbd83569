"""Whatever call of the log fails, lines are kept, shown and sent again."""

import itertools
import os
import signal
import socket

from netns import Namespace
from nth import BIN, Scenario


class LogScenario(Scenario):
    program = "log"

    def __init__(self, keep):
        self.box = keep(Namespace("box"))
        self.collector = keep(self.box.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self.collector.bind(("127.0.0.1", 514))
        self.collector.settimeout(1)
        self.numbers = itertools.count(1)

    def begin(self, run):
        run.say("init", "config", syslog="")
        run.say("init", "system", clock_source="rtc", clock_ntp="synchronised")
        (run.run_dir / "net").mkdir(exist_ok=True)
        run.own, own = os.pipe()
        theirs, run.source = os.pipe()
        with open(run.log, "ab") as log:  # its own lines, which it reads as well
            run.start(BIN / "log", f"relay:{theirs}", namespace=self.box, stderr=log, pass_fds=[theirs])
        os.close(theirs)
        os.close(own)

    def ready(self, run):
        return run.record("log", "state")

    def job(self, run):
        """Once by a setting that is new to it, with a name that it looks up."""
        run.say("init", "config", syslog="udp://localhost:514")
        text = f"line {next(self.numbers)} of a child"
        os.write(run.source, text.encode() + b"\n")
        run.until(lambda: text in (run.run_dir / "log/lines").read_text(), 2, "the line in log/lines")
        while text.encode() not in self.collector.recv(2048):
            pass

    def clean(self, run):
        for fd in (run.own, run.source):
            os.close(fd)


def test_a_call_fails(campaign, call):
    campaign(LogScenario, call)
