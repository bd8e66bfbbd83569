"""`make run` in a terminal: however the guest's bytes come in pieces, the screen is the same, with our line below it."""

import importlib.machinery
import importlib.util
import os
import sys

import pyte
import pytest
from guest import TREE

COLUMNS, LINES = 60, 10
STATUS = " Ctrl-A X leaves"
FRAME = (b"\x1b[?7l\x1b[2J\x1b[1;1H\x1b[0;7m kms-relay 0.1.0 \x1b[0m\x1b[2;1H\x1b(B\x1b[0;1;32m Ready\x1b[0m: relay\x1b[6n"
         b"\x1b[4;1H Service   running\x1b[2J\x1b[1;1H\x1b[0;7m kms-relay 0.1.0 \x1b[0m\x1b[3;1H second frame")


@pytest.fixture
def terminal(monkeypatch):
    sys.path.insert(0, str(TREE / "tools"))
    loader = importlib.machinery.SourceFileLoader("qemu_tool", str(TREE / "tools/qemu"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("qemu_tool", loader))
    loader.exec_module(module)
    monkeypatch.setattr(module.termios, "tcgetattr", lambda _: None)
    monkeypatch.setattr(module.os, "get_terminal_size", lambda _: os.terminal_size((COLUMNS, LINES)))

    def make():
        screen = pyte.Screen(COLUMNS, LINES)
        stream = pyte.ByteStream(screen)
        monkeypatch.setattr(module.os, "write", lambda _, data: stream.feed(data))
        return module.Terminal(STATUS), screen
    return make


def test_pieces_do_not_matter(terminal):
    whole, expected = terminal()
    answers = whole.write(FRAME)
    assert expected.display[0].startswith(" kms-relay 0.1.0 ") and expected.display[2].startswith(" second frame")
    assert expected.display[-1].startswith(STATUS)
    assert answers == f"\x1b[{LINES - 1};{COLUMNS}R".encode()
    for cut in range(1, len(FRAME)):
        pieces, screen = terminal()
        got = pieces.write(FRAME[:cut]) + pieces.write(FRAME[cut:])
        assert screen.display == expected.display, f"cut after {FRAME[:cut][-12:]!r}:\n" + "\n".join(screen.display)
        assert got == answers, f"cut after {FRAME[:cut][-12:]!r}"
