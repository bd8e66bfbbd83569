#!/usr/bin/python3 -B
"""The least memory that serves, per firmware, for `make bench-memory`: found by bisection, a whole MB each.

Serves means: an address from dnsmasq, 50 connections of 20,000 bytes at once relayed both ways with the bytes compared, a second
NIC plugged in while it runs and served as well (where the machine can), and no restart of the service. What is found is
tried twice more, and one MB less must fail twice. Run by tools/in-namespaces."""

import argparse
import collections
import contextlib
import pathlib
import sys
import tempfile

TREE = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TREE / "tests/lib"), str(TREE / "tools")]

from guest import Guest  # noqa: E402
from media import boot_options, copy_configured, image  # noqa: E402
from netns import Lan  # noqa: E402
from relayed import wait_relayed  # noqa: E402
from servers import Dnsmasq  # noqa: E402
from tcp import TcpPeer, echo, exchange_at_once  # noqa: E402

SETTINGS = "relay.upstream = 192.0.2.1:1688\nrelay.guard = off\n"
Case = collections.namedtuple("Case", "name format plugged firmware machine hot_plug boot_s low high")
CASES = [
    Case("direct, bzImage, pc", "efi", "kernel", "bios", "pc", True, 25, 8, 64),
    Case("direct, bzImage, microvm", "efi", "kernel", "bios", "microvm", False, 25, 8, 64),
    Case("direct, ELF by PVH, pc", "vmlinux", "kernel", "bios", "pc", True, 25, 8, 64),
    Case("direct, ELF by PVH, microvm", "vmlinux", "kernel", "bios", "microvm", False, 25, 8, 64),
    Case("BIOS, disk, pc", "img", "ide", "bios", "pc", True, 30, 8, 64),
    Case("BIOS, CD, pc", "iso", "cd", "bios", "pc", True, 30, 8, 64),
    Case("UEFI, disk, q35", "img", "virtio", "uefi", "q35", True, 60, 48, 128),
]


def serves(case, path, memory_mb, lan, folder):
    """None, or in a few words what did not work."""
    options = boot_options(path, case.plugged, case.firmware, folder)
    options["memory_mb"] = memory_mb
    with contextlib.ExitStack() as stack:
        try:
            guest = Guest(folder, lan, machine=case.machine, **options)
            stack.callback(guest.close)
            four = guest.wait_address(r"192\.0\.2\.1[0-9][0-9]", case.boot_s)
            wait_relayed(lan, four)
            exchange_at_once(lan, four, 1688, 50, 20000, 30)
            if case.hot_plug:
                guest.plug(lan)
                guest.wait_screen(r"eth1.*\n.*192\.0\.2\.1[0-9][0-9]/24 +dhcp", 20)
            guest.wait_screen(r"Service +relay running.*, 0 restarts", 10)
        except (AssertionError, OSError) as error:
            return (str(error) or repr(error)).splitlines()[0][:100]
    return None


def least(case, path, lan, folder):
    """The least MB that serves. CASE.low fails or is the least that is looked for; CASE.high serves."""
    def attempt(memory_mb):
        why = serves(case, path, memory_mb, lan, folder)
        print(f"  BENCH    {case.name}: {memory_mb} MB {'serves' if why is None else 'fails: ' + why}", flush=True)
        return why is None

    low, high = case.low - 1, case.high
    assert attempt(high), f"{case.name}: does not serve with {high} MB"
    while True:
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if attempt(middle) else (middle, high)
        if all(attempt(high) for _ in range(2)):
            if low < case.low or not attempt(low):
                return high
            low = case.low - 1  # served this time: what failed was chance
        else:
            low, high = high, case.high


def measure(options, folder):
    with contextlib.ExitStack() as stack:
        lan = Lan("192.0.2.1/24", "2001:db8:1::1/64")
        stack.callback(lan.close)
        for server in (Dnsmasq(lan, folder, "dhcp-range=192.0.2.100,192.0.2.199,1h").start(), TcpPeer(lan, echo)):
            stack.callback(server.close)
        for case in CASES:
            path = copy_configured(case.format, folder, SETTINGS)
            found = least(case, path, lan, folder)
            print(f"  BENCH    {case.name}: {found} MB", flush=True)
            yield f"| {case.name} | {found} | {'yes' if case.hot_plug else 'no'} |\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = list(measure(options, pathlib.Path(folder)))
    options.output.write_text(
        "# The least memory that serves\n\n`make bench-memory` wrote this; bench/memory.py says what serving is and how it was found.\n\n"
        f"Image: {image('efi').stat().st_size:,} bytes, in emulation (TCG). UEFI is OVMF, which needs most of that itself.\n\n"
        "| firmware, form, machine | MB | with a NIC plugged in |\n|---|---|---|\n" + "".join(rows))


if __name__ == "__main__":
    main()
