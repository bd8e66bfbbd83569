#!/usr/bin/python3 -B
"""Boot times of an image, for `make bench-boot`. Prints one line a figure and writes them as a table.

Kernel entry to PID 1 is counted in instructions (-icount shift=0: one nanosecond each, the same in every
run). Two boots give it: one with PID 1 replaced by boot-pid1.c, and one of the same image with the first
instructions of the kernel's setup code replaced by a stub that tells the time and halts.

What waits for a server cannot be counted so, for idle time passes at once there: it is the median of
several boots in plain emulation, against dnsmasq and radvd on a bridge. So is what firmware takes: from the start of QEMU to
the first line of the screen, for each way in. Run by tools/in-namespaces."""

import argparse
import contextlib
import os
import pathlib
import re
import socket
import statistics
import struct
import sys
import tempfile
import time

TREE = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TREE / "tests/lib"), str(TREE / "tools")]

from guest import Guest, slaac_address  # noqa: E402
import media  # noqa: E402
from netns import Lan  # noqa: E402
from overlay import overlay  # noqa: E402
from servers import Dnsmasq, Radvd, prefix  # noqa: E402
from vm import machines  # noqa: E402
from vm.process import Vm  # noqa: E402

ICOUNT = ["-icount", "shift=0,sleep=off", "-rtc", "base=2026-01-01,clock=vm", "-seed", "1"]
DEBUG_PORT = 0xE9
BOOT_S = 120

# 16-bit code: rdtsc; the low 32 bits, lowest byte first, to port 0xE9; halt.
STUB = bytes([0x0F, 0x31, 0x66, 0xB9, 4, 0, 0, 0, 0xE6, DEBUG_PORT, 0x66, 0xC1, 0xE8, 8, 0xE2, 0xF8,
              0xFA, 0xF4, 0xEB, 0xFD])


def with_stub(image):
    """IMAGE with the stub where the boot loader jumps to (Linux, Documentation/arch/x86/boot.rst: the
    two bytes at 0x200 are a short jump)."""
    data = bytearray(image.read_bytes())
    assert data[0x202:0x206] == b"HdrS" and data[0x200] == 0xEB, f"{image} is no bzImage"
    start = 0x202 + data[0x201]
    data[start:start + len(STUB)] = STUB
    return bytes(data)


def receive(sock, enough, seconds):
    """Bytes from SOCK until ENOUGH(them) or the other end has gone."""
    sock.settimeout(seconds)
    data = b""
    while not enough(data) and (more := sock.recv(65536)):
        data += more
    return data


def boot_counted(image, machine, folder, initramfs, enough, on_debug_port):
    """Boots IMAGE counting instructions; returns what came on the serial port, or on the debug port."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        extra = [*ICOUNT, "-initrd", str(initramfs)]
        if on_debug_port:
            extra += ["-chardev", f"socket,id=port,fd={theirs.fileno()}",
                      "-device", f"isa-debugcon,iobase={DEBUG_PORT:#x},chardev=port"]
        vm = Vm(image, machine, "tcg", 64, folder / "qemu.log", cpu="qemu64", append="nokaslr",
                nics=[machines.Nic("user,restrict=on")], extra=extra, pass_fds=[theirs.fileno()])
        try:
            return receive(ours if on_debug_port else vm.serial, enough, BOOT_S)
        finally:
            vm.stop()


def kernel_to_pid1_ns(image, machine, folder, pid1):
    """(power-on to kernel entry, kernel entry to PID 1), nanoseconds of the guest's time."""
    initramfs = overlay(folder, {"/init": (0o755, pid1.read_bytes())})
    stub = folder / "stub.efi"
    stub.write_bytes(with_stub(image))
    entry = boot_counted(stub, machine, folder, initramfs, lambda data: len(data) >= 4, True)
    found = re.search(rb"tsc=(\d+)", boot_counted(image, machine, folder, initramfs,
                                                  lambda data: re.search(rb"tsc=\d+\r?\n", data), False))
    assert len(entry) == 4 and found, f"{machine}: the boot told no time: {entry!r}, {found!r}"
    entry_ns = struct.unpack("<I", entry)[0]
    return entry_ns, int(found[1]) - entry_ns


def log_line_ms(text, regex):
    """The time of the log line on the screen that REGEX matches, milliseconds of the guest's clock."""
    found = re.search(rf"^\s*(\d+)\.(\d{{3}})\s+{regex}", text, re.MULTILINE)
    return int(found[1]) * 1000 + int(found[2]) if found else None


def boot_once(image, lan, folder, number):
    """One boot with servers ready: {figure: seconds from PID 1 on}."""
    marks = [b"as init process", b"kms-relay"]
    with contextlib.closing(Guest(folder, lan, image=image, machine="q35", name=f"boot{number}", lines=60,
                                  append="loglevel=7", marks=marks)) as guest:
        six = re.escape(slaac_address("2001:db8:1::/64", guest.nics[0].mac))
        guest.wait_screen(rf"has address {six}/64", BOOT_S)
        text = guest.screen()
        pid1, screen = (guest.serial.marks[mark] for mark in marks)
    pid1_ms = int(re.search(r"PID 1 started at (\d+) ms", text)[1])
    return {"PID 1 to the screen": screen - pid1,
            "PID 1 to an IPv4 address": (log_line_ms(text, r"net\s+eth0: has address 192\.0\.2\.") - pid1_ms) / 1000,
            "PID 1 to a usable SLAAC address": (log_line_ms(text, rf"net\s+eth0: has address {six}") - pid1_ms) / 1000}


def wait_for_servers(image, folder, count):
    """{figure: COUNT values in seconds}"""
    values = {}
    with contextlib.ExitStack() as stack:
        def keep(thing):
            stack.callback(thing.close)
            return thing

        lan = keep(Lan("192.0.2.1/24", "2001:db8:1::1/64"))
        keep(Dnsmasq(lan, folder, "dhcp-range=192.0.2.100,192.0.2.150,1h").start())
        keep(Radvd(lan, folder, prefix("2001:db8:1::/64")).start())
        for number in range(count):
            for name, value in boot_once(image, lan, folder, number).items():
                values.setdefault(name, []).append(value)
    return values


# What is started: name, (format, plugged in as, firmware, machine).
STARTED = {"kernel, microvm": ("efi", "kernel", "bios", "microvm"), "kernel, pc": ("efi", "kernel", "bios", "pc"),
           "ELF kernel by PVH, pc": ("vmlinux", "kernel", "bios", "pc"),
           "BIOS, disk, pc": ("img", "ide", "bios", "pc"), "BIOS, CD, pc": ("iso", "cd", "bios", "pc"),
           "UEFI, disk, q35": ("img", "virtio", "uefi", "q35"), "UEFI, CD, q35": ("iso", "cd", "uefi", "q35")}


def firmware_to_screen(folder, count):
    """{what is started: COUNT values, seconds from QEMU's start to the first line of the screen}, in turns."""
    values = {name: [] for name in STARTED}
    mark = b"kms-relay"
    for number in range(count):
        for name, (suffix, plugged, firmware, machine) in STARTED.items():
            options = media.boot_options(media.image(suffix), plugged, firmware, folder)
            start = time.monotonic()
            with contextlib.closing(Guest(folder, "user", machine=machine, marks=[mark], name=f"screen{number}",
                                          **options)) as guest:
                guest.wait_screen(r"^ kms-relay", BOOT_S)
                values[name].append(guest.serial.marks[mark] - start)
    return values


def figures(options, folder):
    """Rows (what, value, how measured), each printed when it is known."""
    for machine in ("microvm", "pc"):
        runs = [kernel_to_pid1_ns(options.image, machine, folder, options.pid1) for _ in range(2)]
        assert runs[0] == runs[1], f"{machine}: two runs differ, so the counts mean nothing: {runs}"
        firmware_ns, kernel_ns = runs[0]
        yield f"kernel entry to PID 1, {machine}", f"{kernel_ns / 1e6:.3f} ms", "icount, two runs equal"
        yield f"power-on to kernel entry, {machine}", f"{firmware_ns / 1e6:.3f} ms", "icount, two runs equal"
    for name, values in wait_for_servers(options.image, folder, options.boots).items():
        spread = f"{min(values):.2f} to {max(values):.2f}"
        yield (name, f"{statistics.median(values):.2f} s",
               f"plain TCG, q35, median of {len(values)} ({spread}), host's load {os.getloadavg()[0]:.1f}")
    for name, values in firmware_to_screen(folder, options.boots).items():
        spread = f"{min(values):.2f} to {max(values):.2f}"
        yield (f"start of QEMU to the screen: {name}", f"{statistics.median(values):.2f} s",
               f"plain TCG, median of {len(values)} in turns ({spread}), host's load {os.getloadavg()[0]:.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("image", type=pathlib.Path)
    parser.add_argument("--pid1", type=pathlib.Path, required=True, help="boot-pid1.c, compiled")
    parser.add_argument("--compressor", required=True, help="of the image: what the count depends on most")
    parser.add_argument("--boots", type=int, default=9)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for row in figures(options, pathlib.Path(folder)):
            print(f"  BENCH    {row[0]}: {row[1]} ({row[2]})", flush=True)
            rows.append("| " + " | ".join(row) + " |\n")
    head = (f"# Boot times of {options.image.name}\n\n`make bench-boot` wrote this; bench/boot.py says how.\n\n"
            f"Image: {options.image.stat().st_size:,} bytes, compressed by {options.compressor}.\n\n| what | time | how |\n|---|---|---|\n")
    options.output.write_text(head + "".join(rows))


if __name__ == "__main__":
    main()
