"""A program in a terminal of its own, as a person who starts it sees it."""

import os
import pty
import socket
import subprocess
import termios
import threading

from vm.screen import SerialScreen


def _copy(source, sink):
    try:
        while data := source(65536):
            sink(data)
    except OSError:
        pass


class Terminal:
    """COMMAND runs from now on. `screen` is its terminal, `child` the process."""

    def __init__(self, command, log, columns=100, lines=40, env=None):
        self.log = log
        self.master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (lines, columns))
        ours, theirs = socket.socketpair()
        self.child = subprocess.Popen([str(word) for word in command], stdin=slave, stdout=slave, stderr=slave, env=env)
        os.close(slave)
        self.theirs = theirs
        for source, sink in ((lambda size: os.read(self.master, size), theirs.sendall),
                             (theirs.recv, lambda data: os.write(self.master, data))):
            threading.Thread(target=_copy, args=(source, sink), daemon=True).start()
        self.screen = SerialScreen(ours, log, columns, lines)

    def wait_screen(self, regex, deadline_s):
        found = self.screen.wait_regex(regex, deadline_s)
        assert found, f"expected on the terminal within {deadline_s} s: {regex}\nlast seen:\n{self.screen.text()}"
        return found

    def wait_end(self, deadline_s):
        """Its exit status."""
        try:
            return self.child.wait(deadline_s)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(f"expected its end within {deadline_s} s, last seen:\n{self.screen.text()}") from error

    def exhibits(self):
        return [("the terminal", self.screen.text())]

    def close(self):
        self.child.kill()
        self.child.wait()
        self.screen.close()
        self.theirs.close()
        os.close(self.master)
