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

PAUSE_S = 5  # of the guest's clock, from a panic to the reset (CONFIG_PANIC_TIMEOUT)
ROUNDED_S = 2  # what a difference may lose: the RTC, the clock and the uptime on the screen are whole seconds
STARTS = 3
RESET_S = 120  # a start, a panic and the pause, in emulation
END = "Attempted to kill init"
RTC_OF_THE_GUEST = ["-rtc", "base=2030-01-01T00:00:00,clock=vm"]  # goes by the guest's time, not by this machine's
UP_AND_CLOCK = r"^ System +up (\d+) s, clock (\S+ \S+) UTC"


def seconds(clock):
    return datetime.datetime.fromisoformat(clock).timestamp()


def rtc(guest):
    now = guest.qmp.command("qom-get", path="/machine", property="rtc-time")
    return datetime.datetime(1900 + now["tm_year"], 1 + now["tm_mon"], now["tm_mday"], now["tm_hour"], now["tm_min"],
                             now["tm_sec"]).timestamp()


def check_pause(guest, begin, panic, since=0):
    """BEGIN: what the RTC had when the kernel's own clock was 0; PANIC: what that clock had. The reset is the first one after
    SINCE."""
    guest.qmp.wait_event("RESET", RESET_S, since, guest=True)
    paused = rtc(guest) - begin - panic
    assert paused >= PAUSE_S - ROUNDED_S, f"expected {PAUSE_S} s from the panic to the reset, got {paused:.1f}"


@pytest.mark.deadline(400)
def test_panic_by_the_machine(dual_stack, boot):
    """What a hypervisor's "inject NMI" does to a kernel that is told to panic of it."""
    guest = boot(dual_stack, append="unknown_nmi_panic printk.time=1", extra=[*RESETS, *RTC_OF_THE_GUEST])
    wait_relayed(dual_stack, guest.wait_address(r"192\.0\.2\.\d+"))
    up, clock = guest.wait_screen(UP_AND_CLOCK).groups()
    guest.qmp.command("inject-nmi")
    panic = guest.wait_screen(r"\[ *(\d+\.\d+)\] Kernel panic - not syncing: NMI: Not continuing")[1]
    check_pause(guest, seconds(clock) - int(up), float(panic))
    guest.wait_not_on_screen(r"Kernel panic", RESET_S)
    guest.wait_screen(r"^ Ready: relay", RESET_S)
    wait_relayed(dual_stack, guest.wait_address(r"192\.0\.2\.\d+"))


@pytest.fixture
def ending(keep, boot, tmp_path):
    """A guest whose /init ends at once, with all the kernel says, and its hvc0."""
    ours, theirs = socket.socketpair()
    theirs.set_inheritable(True)
    end = overlay(tmp_path, {"/init": (0o755, MISBEHAVE.read_bytes())})  # it wants an argument
    guest = boot(append="ignore_loglevel printk.time=1", lines=60, pass_fds=[theirs.fileno()], extra=[
        *RESETS, *RTC_OF_THE_GUEST, "-initrd", str(end), "-device", "virtio-serial-pci",
        "-chardev", f"socket,id=hvc,fd={theirs.fileno()}", "-device", "virtconsole,chardev=hvc"])
    theirs.close()
    return guest, keep(SerialScreen(ours, tmp_path / "hvc.log", 80, 60))


def said(guest, regex, count):
    """What the groups of REGEX were the COUNT-th time that the kernel said so."""
    return wait_until(lambda: re.findall(regex, guest.serial_log.read_text(errors="replace"))[count - 1], RESET_S,
                      f"{count} times: {regex}", guest.screen)


@pytest.mark.deadline(600)
def test_panic_at_each_start(ending, tmp_path):
    guest, hvc = ending
    begins = []
    for count in range(1, STARTS + 1):
        stamp, clock = said(guest, r"\[ *(\d+\.\d+)\] rtc_cmos .* setting system clock to (\S+) UTC", count)
        since = len(guest.qmp.events)  # a reset may be two: SeaBIOS has one of its own
        panic = float(said(guest, rf"\[ *(\d+\.\d+)\] Kernel panic - not syncing: {END}", count))
        said(guest, rf"Rebooting in {PAUSE_S} seconds", count)
        if count == 1:
            def vga():
                return vga_text(guest, tmp_path, lines=200)  # it has scrolled
            wait_until(lambda: END in vga(), RESET_S, "the kernel's last words on VGA", vga)
            assert hvc.wait_regex(END, RESET_S), f"expected the kernel's last words on hvc0:\n{hvc.text()}"
        begins.append(seconds(clock) - float(stamp))
        check_pause(guest, begins[-1], panic, since)
    between = [later - earlier for earlier, later in zip(begins, begins[1:])]
    assert min(between) >= PAUSE_S, f"expected {PAUSE_S} s or more from start to start, got {between}"
