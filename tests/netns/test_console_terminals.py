"""The screen fits its terminal, follows its size, never scrolls, heals what is scribbled on it, and never hangs."""

import os

import pytest
from console import Console, Records
from init import FakeInit
from waiting import wait_until

SIZES = [(80, 24), (80, 25), (100, 30), (132, 43), (160, 50), (240, 100)]


@pytest.fixture
def records(tmp_path):
    made = Records(tmp_path / "run")
    made.well()
    made.log([f"line {number}: " + "words " * 60 for number in range(1, 41)])
    return made


@pytest.fixture
def start(keep, records, tmp_path):
    return lambda **options: keep(Console(records, tmp_path, **options))


def assert_never_scrolled(console):
    assert console.screen.scrolled() == 0, f"expected no scrolling:\n{console.text()}"


@pytest.mark.parametrize("columns, lines", SIZES)
@pytest.mark.parametrize("name", ["tty1", "ttyS0"])
def test_fits_and_never_scrolls(start, name, columns, lines):
    console = start(name=name, columns=columns, lines=lines)
    console.wait(r"^ Ready: relay to 10\.0\.0\.5:1688$")
    # The keys are on the terminal's own last row, so the size was found out.
    assert wait_until(lambda: console.lines()[-1].startswith(" l log  c settings  Enter"), 20, "keys on the last row", console.text)
    console.press(b"l")
    console.wait(r"^ Log, lines")
    assert_never_scrolled(console)
    console.press(b"l\r")
    console.wait(r"^ Ready")
    rule = "─" if name == "tty1" else "-"
    assert f" Network {rule * (columns - 11)}" in console.lines()[[line[:8] for line in console.lines()].index(" Network")]
    assert_never_scrolled(console)


def test_small_terminal_shows_the_verdict(start):
    console = start(columns=40, lines=10)
    console.wait(r"^ Ready: relay to 10\.0\.0\.5:1688$")
    console.wait(r"40x10 is too small for the rest")
    assert_never_scrolled(console)


def test_terminal_that_does_not_answer_is_taken_for_80x24(start):
    console = start(columns=100, lines=40)
    console.screen.terminal.write_process_input = lambda text: None
    console.press(b"\r")
    wait_until(lambda: console.lines()[23].startswith(" l log"), 20, "keys on row 24", console.text)


@pytest.mark.parametrize("name", ["tty1", "hvc0"])
def test_follows_the_tty(start, name):
    console = start(name=name, columns=100, lines=30, known=True)
    wait_until(lambda: console.lines()[-1].startswith(" l log"), 20, "keys on row 30", console.text)
    with console.screen.changed:
        console.screen.terminal.resize(50, 132)
    console.resize_tty(132, 50)  # raises SIGWINCH
    wait_until(lambda: console.lines()[49].startswith(" l log") and "l log" not in console.lines()[29], 20,
               "keys on row 50 alone", console.text)
    assert_never_scrolled(console)


def test_late_attach_and_scribbles_heal_without_a_key(start):
    console = start()
    console.wait(r"^ Ready")
    console.attach(100, 30)
    os.write(console.slave, b"\x1b[5;1H[   12.345678] a kernel message across the screen, quite long")
    console.wait(r"a kernel message")
    console.wait(r"^ Ready", 30)
    wait_until(lambda: console.lines()[29].startswith(" l log"), 30, "keys on row 30", console.text)
    console.wait_not("a kernel message")
    assert_never_scrolled(console)


def test_enter_redraws_all_at_once(start):
    console = start()
    console.wait(r"^ Ready")
    console.attach(80, 24)
    console.press(b"\r")
    console.wait(r"^ Ready", 5)
    wait_until(lambda: console.lines()[23].startswith(" l log"), 5, "the keys", console.text)


def test_hung_reader(keep, records, start):
    """Nobody takes the bytes: the program still takes keys and records, and redraws when it can."""
    init = keep(FakeInit(records.dir))
    console = start(columns=240, lines=100)
    console.wait(r"^ Ready")
    console.end.reading.clear()

    def fill_up():
        console.press(b"\r")
        return console.waits_for_room()

    wait_until(fill_up, 20, "a program that waits for room in the tty")
    console.press(b"ry")
    assert init.request() == "restart-service"
    records.relay(connections_total=4711)
    records.system(hostname="renamed")
    console.end.reading.set()
    console.wait(r"4711 in all")
    console.wait(r"renamed$")
    wait_until(lambda: console.lines()[99].startswith(" The service is being restarted")
               or console.lines()[99].startswith(" l log"), 20, "the last row", console.text)
    assert_never_scrolled(console)


@pytest.mark.parametrize("name", ["tty1", "ttyS0"])
def test_last_words(records, start, name):
    """Ended by init, it shows why and gives the terminal back; what the kernel then says scrolls nothing."""
    console = start(name=name)
    console.wait(r"^ Ready")
    assert console.screen.terminal.cursor.hidden
    records.system(state="stopping", stopping_reason="power button")
    console.child.terminate()
    assert console.child.wait(20) == 0
    console.wait(r"^ Stopping: power button$")
    wait_until(lambda: not console.screen.terminal.cursor.hidden, 20, "a visible cursor")
    os.write(console.slave, b"reboot: Power down\r\n")
    console.wait(r"^reboot: Power down")
    console.wait(r"^ kms-relay")
    assert_never_scrolled(console)


def test_off(records, tmp_path, start):
    console = start(mode="off")
    assert console.child.wait(20) == 0
    assert console.bytes() == b"", f"expected nothing on the terminal, got {console.bytes()!r}"
