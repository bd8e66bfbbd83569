"""A service that ends, crashes, eats memory or forks without end is restarted; the rest stays well."""

import re

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


def test_memory_beyond_its_limit_is_refused(dual_stack, boot_misbehaving):
    guest, four = serving(boot_misbehaving, dual_stack, memory_mb=64)
    mebibytes = int(tell(dual_stack, four, "eat", 60))
    assert 8 <= mebibytes <= 50, f"expected malloc to be refused after 8 to 50 MiB of 64, got {mebibytes}"
    guest.wait_screen(r"misbehave running")


def test_memory_that_no_limit_counts_harms_nobody_else(dual_stack, boot_misbehaving):
    guest, four = serving(boot_misbehaving, dual_stack, memory_mb=64)
    # Either it is refused at last, or the kernel ends the service: out of memory.
    if not tell(dual_stack, four, "eat-shared", 100):
        guest.wait_screen(r"last exit: killed by SIGKILL: out of memory")
    wait_answers(dual_stack, four)
    assert not re.search(r"^ Program .*, [1-9]\d* restart", guest.screen(), re.MULTILINE), \
        f"expected no other program to have ended:\n{guest.screen()}"


@pytest.mark.deadline(240)
def test_fork_bomb(dual_stack, boot_misbehaving):
    guest, four = serving(boot_misbehaving, dual_stack)
    with dual_stack.connect(four, 7000, 30) as sock:
        sock.sendall(b"fork\n")
        first = guest.wait_screen(r"up (\d+) s|up (\d+ min \d+ s)")[0]
        guest.serial.wait(lambda text: first not in text, 60)
        assert first not in guest.screen(), f"expected the screen to go on under the fork bomb:\n{guest.screen()}"
        restart_by_key(guest)
        # A first try may still find the port taken by a process that is dying.
        guest.wait_screen(r"Service\s+misbehave running.*, [1-3] restarts?\b", 120)
    wait_answers(dual_stack, four)
