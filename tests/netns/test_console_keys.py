"""Keys turn pages, show the log, and ask init for what they say, after one question; nothing else does."""

import pytest
from console import Console, Records
from init import FakeInit


@pytest.fixture
def records(tmp_path):
    made = Records(tmp_path / "run")
    made.well()
    return made


@pytest.fixture
def start(keep, records, tmp_path):
    def start_console(**options):
        console = keep(Console(records, tmp_path, **options))
        console.wait(r"^ Ready")
        return console
    return start_console


KEYS = r"l log  c settings  Enter refresh  r restart service  p power off"


@pytest.mark.parametrize("key, question, request_line, done", [
    (b"r", r"Restart the service\?.* y/n \(\d+ s\)", "restart-service", r"The service is being restarted\."),
    (b"R", r"Restart the service\?.* y/n \(\d+ s\)", "restart-service", r"The service is being restarted\."),
    (b"p", r"Power off\? y/n \(\d+ s\)", "poweroff", r"Powering off\."),
])
def test_asks_once_then_does_it(keep, records, start, key, question, request_line, done):
    init = keep(FakeInit(records.dir))
    console = start()
    console.press(key)
    console.wait(question)
    assert init.requests == [], f"expected no request before the answer, got {init.requests}"
    console.press(b"y")
    assert init.request() == request_line
    console.wait(done)
    console.press(b"yl")
    console.wait(r"^ Log, lines")
    assert init.requests == [request_line], f"expected one request, got {init.requests}"


@pytest.mark.parametrize("key", [b"n", b"\r", b"x", b"p", b"\x1b"])
def test_any_other_key_is_no(keep, records, start, key):
    init = keep(FakeInit(records.dir))
    console = start()
    console.press(b"p")
    console.wait(r"Power off\? y/n")
    console.press(key)
    console.wait(r"Not powered off")
    console.press(b"yl")
    console.wait(r"^ Log, lines")
    assert init.requests == [], f"expected no request, got {init.requests}"


def test_question_runs_out(keep, records, start):
    init = keep(FakeInit(records.dir))
    console = start()
    console.press(b"p")
    console.wait(r"Power off\? y/n \(2 s\)", 30)
    console.wait(KEYS)
    console.press(b"yl")
    console.wait(r"^ Log, lines")
    assert init.requests == [], f"expected no request, got {init.requests}"


def test_refusal_is_shown(keep, records, start):
    keep(FakeInit(records.dir, "refused: the service is \x1b[2Jstopping"))
    console = start()
    console.press(b"ry")
    console.wait(r"The service was not restarted: refused: the service is \?\[2Jstopping")


def test_absent_init_is_shown(start):
    console = start()
    console.press(b"py")
    console.wait(r"Not powered off: No such file or directory")


def test_readonly(keep, records, start):
    init = keep(FakeInit(records.dir))
    console = start(mode="readonly")
    console.wait(r"^ l log  c settings  Enter refresh$")
    console.press(b"pyryl")
    console.wait(r"^ Log, lines")
    assert init.requests == [], f"expected no request, got {init.requests}"
    assert "?" not in console.text(), f"expected no question:\n{console.text()}"


def test_control_keys_and_sequences_do_nothing(keep, records, start):
    init = keep(FakeInit(records.dir))
    console = start()
    for keys in (b"\x03\x04\x1a\x1c\x13", b"\x1b[A\x1b[B\x1b[C\x1b[D\x1bOP\x1bOR\x1b[15~\x1b[[C", b"\x1bp\x1br", b"\xff\x80"):
        console.press(keys)
    console.press(b"l")
    console.wait(r"^ Log, lines")
    assert init.requests == [] and console.child.poll() is None


def test_log_pages(records, start):
    """All that log keeps, not only what fits below the status."""
    count = 1600  # 58 KB
    records.log([f"number {number} of many" for number in range(1, count + 1)])
    console = start(columns=100, lines=60)
    console.wait(r"number 1600 of many")
    console.press(b"l")
    console.wait(r"^ Log, lines 1544 to 1600 of 1600")
    expected = count
    while expected > 0:
        first = int(console.wait(rf"^ Log, lines (\d+) to {expected} of 1600")[1])
        for number in range(first, expected + 1):
            console.wait(rf"number {number} of many$")
        expected = first - 1
        console.press(b"n")
    console.wait(r"^ Log, lines 1544 to 1600 of 1600")
    console.press(b"\x1b")
    console.wait(r"^ Ready")
    console.press(b"l")
    console.wait(r"^ Log, lines")
    records.log([f"number {number} of many" for number in range(1, count + 3)])
    console.wait(r"number 1602 of many")
    console.press(b"L")
    console.wait(r"^ Ready")
