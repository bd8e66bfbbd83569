"""A kernel that panics says so on every console, waits, and starts anew; one that panics each time does so no faster."""

import datetime
import re
import socket

import pytest

from guest import RESETS
from guests import MISBEHAVE
from overlay import overlay
from pictures import vga_text
from relayed import wait_relayed
from vm.screen import SerialScreen
from waiting import wait_until

PAUSE_S = 5  # of the guest's clock from a panic to the reset (CONFIG_PANIC_TIMEOUT)
RESET_S = 120  # a start, a panic and the pause, in emulation
STARTS = 3
ROUNDED_S = 2  # what is lost of a difference between two clocks, both of whole seconds
RTC_OF_THE_GUEST = ["-rtc", "base=2030-01-01T00:00:00,clock=vm"]
UP_AND_CLOCK = r"^ System +up (\d+) s, clock (\S+ \S+) UTC"
END = r"Kernel panic - not syncing: Attempted to kill init"


def seconds(clock):
    return datetime.datetime.fromisoformat(clock).timestamp()


@pytest.mark.deadline(400)
def test_panic_by_the_machine(dual_stack, boot):
    """What a hypervisor's "inject NMI" does to a kernel that is told to panic of it."""
    guest = boot(dual_stack, append="unknown_nmi_panic", extra=[*RESETS, *RTC_OF_THE_GUEST])
    wait_relayed(dual_stack, guest.wait_address(r"192\.0\.2\.\d+"))
    before = guest.wait_screen(UP_AND_CLOCK)[2]
    guest.qmp.command("inject-nmi")
    guest.wait_screen(r"Kernel panic - not syncing: NMI: Not continuing")
    guest.qmp.wait_event("RESET", RESET_S, guest=True)
    guest.wait_not_on_screen(r"Kernel panic", RESET_S)
    up, clock = guest.wait_screen(UP_AND_CLOCK, RESET_S).groups()
    paused = seconds(clock) - int(up) - seconds(before)
    assert paused >= PAUSE_S - ROUNDED_S, f"expected {PAUSE_S} s or more from the panic to the start, got {paused}"
    guest.wait_screen(r"^ Ready: relay", RESET_S)
    wait_relayed(dual_stack, guest.wait_address(r"192\.0\.2\.\d+"))


@pytest.fixture
def ending(keep, boot, tmp_path):
    """A guest whose /init ends at once, and its hvc0. The kernel says what it reads from the RTC, which goes by the guest's time."""
    ours, theirs = socket.socketpair()
    theirs.set_inheritable(True)
    end = overlay(tmp_path, {"/init": (0o755, MISBEHAVE.read_bytes())})  # it wants an argument
    guest = boot(append="ignore_loglevel", lines=60, pass_fds=[theirs.fileno()], extra=[
        *RESETS, "-initrd", str(end), *RTC_OF_THE_GUEST, "-device", "virtio-serial-pci",
        "-chardev", f"socket,id=hvc,fd={theirs.fileno()}", "-device", "virtconsole,chardev=hvc"])
    theirs.close()
    return guest, keep(SerialScreen(ours, tmp_path / "hvc.log", 80, 60))


def starts(guest):
    """What the RTC said at each start so far."""
    text = guest.serial_log.read_text(errors="replace")
    return [datetime.datetime.fromisoformat(time) for time in re.findall(r"setting system clock to (\S+) UTC", text)]


@pytest.mark.deadline(500)
def test_panic_at_each_start(ending, tmp_path):
    guest, hvc = ending

    def vga():
        return vga_text(guest, tmp_path, lines=200)  # it has scrolled
    wait_until(lambda: re.search(END, vga()), RESET_S, "the kernel's last words on VGA", vga)
    assert hvc.wait_regex(END, RESET_S), f"expected the kernel's last words on hvc0:\n{hvc.text()}"
    guest.wait_screen(END)
    guest.wait_screen(rf"Rebooting in {PAUSE_S} seconds")
    wait_until(lambda: len(starts(guest)) >= STARTS, STARTS * RESET_S, f"{STARTS} starts", guest.screen)
    times = starts(guest)
    between = [(later - earlier).total_seconds() for earlier, later in zip(times, times[1:])]
    assert min(between) >= PAUSE_S, f"expected {PAUSE_S} s or more from start to start, got {between}"
