"""The agent as a plain program, a stand-in of the hypervisor at the other end of its device."""

import os
import subprocess

from netns import stop
from records import read_record
from tree import HOST_BIN

PROGRAM = HOST_BIN / "agent"


class Agent:
    """`agent BACK_END`, whose device is the second socket of the pair ENDS; the test has the first."""

    def __init__(self, folder, back_end, ends, name="agent"):
        self.folder = folder
        self.end, theirs = ends
        self.log = folder / f"{name}.log"
        with open(self.log, "wb") as log:
            self.child = subprocess.Popen([PROGRAM, back_end, str(theirs.fileno())], pass_fds=[theirs.fileno()], stderr=log,
                                          env={**os.environ, "THIMBLE_RUN": str(folder)})
        theirs.close()

    def record(self):
        return read_record(self.folder, "agent", "state")

    def exhibits(self):
        yield "agent: log", self.log.read_text(errors="replace")

    def close(self):
        self.end.close()
        if self.child.poll() is None:
            stop(self.child, 20)
