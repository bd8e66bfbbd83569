"""A terminal that nobody reads holds nobody up."""

import array
import contextlib
import fcntl
import termios
import threading

import pytest
from relayed import wait_relayed
from rooted import PROGRAMS, start_rooted
from servers import wait_renewed
from status_page import wait_answer
from test_nobody_hangs import wait_uptime

ALL = [*PROGRAMS, "service"]
REDRAWN_S = 20  # one each second: more than the line holds, and twice as long as a program may be silent


@contextlib.contextmanager
def unread(screen):
    """Nobody reads what SCREEN would show."""
    receive, may_read = screen._receive, threading.Event()

    def wait():
        may_read.wait()
        return receive()
    screen._receive = wait
    try:
        yield
    finally:
        screen._receive = receive
        may_read.set()


def waiting_bytes(sock):
    count = array.array("i", [0])
    fcntl.ioctl(sock, termios.FIONREAD, count)
    return count[0]


@pytest.mark.deadline(400)
def test_serial_line(renewing, boot, tmp_path):
    guest, root = start_rooted(renewing.lan, boot, tmp_path)

    def redraw():
        for _ in range(REDRAWN_S):
            guest.press(b"\r")
            wait_uptime(root, 1)
        return waiting_bytes(guest.serial.sock)
    with unread(guest.serial):
        full = redraw()
        assert root.restarts(ALL) == dict.fromkeys(ALL, 0)
        for name in ALL:
            root.kill(name, ALL)
        assert redraw() == full > 0, "expected the line to be full"
        assert root.restarts(ALL) == dict.fromkeys(ALL, 1)
        wait_relayed(renewing.lan, root.host)
        wait_answer(renewing.lan, root.host)
        wait_renewed(renewing)
    guest.wait_not_on_screen(guest.wait_screen(r" up [0-9a-z ]+,")[0])
    guest.wait_screen(r"Ready: relay to 192\.0\.2\.1:1688")
