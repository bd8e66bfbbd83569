"""A service that ends, crashes, eats memory or forks without end is restarted; the rest stays well."""

import contextlib
import re
import threading

import pytest

from misbehave import tell, wait_answers


def serving(boot_misbehaving, lan, **options):
    guest = boot_misbehaving(lan, **options)
    four = guest.wait_address(r"192\.0\.2\.\d+")
    wait_answers(lan, four)
    return guest, four


def restart_by_key(guest):
    guest.press(b"r")
    guest.wait_screen(r"Restart the service\?.*y/n")
    guest.press(b"y")


def test_ends_at_once_and_backs_off(dual_stack, boot_misbehaving):
    guest = boot_misbehaving(dual_stack, arguments="exit 3")
    guest.wait_screen(r"Not ready: misbehave failed \(exit status 3\)")
    # The pauses double: 0.1, 0.2, 0.4 ... 6.4 s; a pause of 5 s on the screen is the seventh or later.
    guest.wait_screen(r"Service\s+misbehave waiting, next start in [5-9] s, .*last exit: exit status 3", 90)
    restarts = int(guest.wait_screen(r"(\d+) restarts")[1])
    assert 6 <= restarts <= 9, f"expected 6 to 9 restarts by then, got {restarts}:\n{guest.screen()}"


def test_key_restarts_it(dual_stack, boot_misbehaving):
    guest, four = serving(boot_misbehaving, dual_stack)
    pid = guest.wait_screen(r"Service\s+misbehave running.*pid (\d+).*, 0 restarts")[1]
    restart_by_key(guest)
    guest.wait_screen(r"Service\s+misbehave running.*, 1 restart\b")
    other = guest.wait_screen(r"Service\s+misbehave running.*pid (\d+)")[1]
    assert other != pid, f"expected another pid than {pid}"
    wait_answers(dual_stack, four)


def test_crash_is_told_in_words(dual_stack, boot_misbehaving):
    guest, four = serving(boot_misbehaving, dual_stack)
    assert tell(dual_stack, four, "crash") == b""
    guest.wait_screen(r"last exit: killed by SIGSEGV")
    wait_answers(dual_stack, four)
    guest.wait_screen(r"Service\s+misbehave running.*, 1 restart\b")


def assert_alone(guest):
    assert not re.search(r"^ Program .*, [1-9]\d* restart", guest.screen(), re.MULTILINE), \
        f"expected no other program to have ended:\n{guest.screen()}"


@contextlib.contextmanager
def page_is_read(lan, host):
    """Meanwhile somebody reads the status page all the time: the other programs ask for memory as well."""
    stop = threading.Event()

    def read():
        while not stop.is_set():
            with contextlib.suppress(OSError), lan.connect(host, 80, 3) as sock:
                sock.sendall(b"GET /status.json HTTP/1.0\r\n\r\n")
                while sock.recv(65536):
                    pass

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    try:
        yield
    finally:
        stop.set()
        for reader in readers:
            reader.join()


def ends_by(lan, host, command):
    """The service has not answered COMMAND. A reset is not always sent when there is no memory."""
    with contextlib.suppress(TimeoutError):
        return tell(lan, host, command, 10) == b""
    return True


@pytest.mark.deadline(300)
@pytest.mark.parametrize("kind", ["malloc", "shared", "file", "pipes", "sockets"])
def test_eats_memory_and_ends_alone(dual_stack, boot_misbehaving, kind):
    guest, four = serving(boot_misbehaving, dual_stack, memory_mb=64)
    with page_is_read(dual_stack, four):
        for restarts in range(1, 7):
            assert ends_by(dual_stack, four, f"eat {kind}"), "expected it to end, not to be refused memory"
            guest.wait_screen(rf"Service\s+misbehave running.*, {restarts} restarts?,?\s+"
                              r"last exit: killed by SIGKILL at \d+ MiB: out of memory")
            wait_answers(dual_stack, four)
            assert_alone(guest)


def test_end_out_of_memory_says_how_much(dual_stack, boot_misbehaving):
    guest, four = serving(boot_misbehaving, dual_stack, memory_mb=64)
    assert ends_by(dual_stack, four, "eat malloc")
    mebibytes = int(guest.wait_screen(r"last exit: killed by SIGKILL at (\d+) MiB: out of memory")[1])
    assert 40 <= mebibytes <= 56, f"expected it to have had 40 to 56 MiB of 64, got {mebibytes}"
    wait_answers(dual_stack, four)


def test_memory_that_is_only_reserved_costs_nothing(dual_stack, boot_misbehaving):
    _, four = serving(boot_misbehaving, dual_stack, memory_mb=64)
    assert tell(dual_stack, four, "reserve 1000") == b"ok\n"


def test_memory_that_forked_processes_share_counts_once(dual_stack, boot_misbehaving):
    _, four = serving(boot_misbehaving, dual_stack, memory_mb=64)
    assert tell(dual_stack, four, "share 20") == b"8\n", "expected eight children that share 20 MiB of 64"


@pytest.mark.deadline(240)
@pytest.mark.parametrize("command", ["fork", "eat-forked"])
def test_fork_bomb(dual_stack, boot_misbehaving, command):
    guest, four = serving(boot_misbehaving, dual_stack)
    with dual_stack.connect(four, 7000, 30) as sock:
        sock.sendall(command.encode() + b"\n")
        first = guest.wait_screen(r"up (\d+) s|up (\d+ min \d+ s)")[0]
        guest.serial.wait(lambda text: first not in text, 60)
        assert first not in guest.screen(), f"expected the screen to go on under the fork bomb:\n{guest.screen()}"
        # On a busy machine the answer may come when the question is gone.
        for _ in range(3):
            restart_by_key(guest)
            if guest.serial.wait_regex(r"Service\s+misbehave running.*, [1-9] restarts?\b", 40):
                break
        # A first try may still find the port taken by a process that is dying.
        guest.wait_screen(r"Service\s+misbehave running.*, [1-9] restarts?\b")
    wait_answers(dual_stack, four)
    assert_alone(guest)
