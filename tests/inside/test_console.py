"""Whatever call of the screen's program fails, it is drawn again and takes keys."""

import os
import pty
import select

from console import Records
from init import FakeInit
from netns import Namespace
from nth import BIN, EXIT_SYSTEM, Scenario


class ConsoleScenario(Scenario):
    program = "console"
    stays = False  # its device may fail, and then it says that it is gone
    gives_up = (0, EXIT_SYSTEM)

    def __init__(self, keep):
        self.box = keep(Namespace("box"))

    def begin(self, run):
        self.clean(run)
        run.records = Records(run.run_dir)
        run.records.well()
        run.records.write("init", "config", console="on")
        run.init = FakeInit(run.run_dir)
        run.end, slave = pty.openpty()
        run.seen = b""
        run.start(BIN / "console", "ttyS0", stdin=slave, stdout=slave)
        os.close(slave)

    def read(self, run):
        while select.select([run.end], [], [], 0)[0]:
            run.seen += os.read(run.end, 65536)
        return run.seen

    def ready(self, run):
        return b"relay1" in self.read(run)

    def job(self, run):
        self.read(run)
        run.seen = b""
        os.write(run.end, b"\r")
        run.until(lambda: b"relay1" in self.read(run), 2, "it is drawn anew")
        before = len(run.init.requests)
        os.write(run.end, b"ry")
        run.until(lambda: self.read(run) and len(run.init.requests) > before, 2, "a request to init")
        assert run.init.requests[-1] == "restart-service"

    def clean(self, run):
        if hasattr(run, "end"):
            os.close(run.end)
            run.init.close()
            (run.run_dir / "control").unlink(missing_ok=True)
            del run.end


def test_a_call_fails(campaign, call):
    campaign(ConsoleScenario, call)
