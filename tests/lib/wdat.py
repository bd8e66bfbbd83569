"""An ACPI table WDAT, by Microsoft's "Hardware Watchdog Timers Design Specification": the timer of QEMU's q35 (ICH9, "TCO") as
firmware would describe it."""

import struct

TCO = 0x660  # where SeaBIOS puts it
RELOAD, STATUS2, CONTROL1, TIMER = TCO, TCO + 6, TCO + 8, TCO + 0x12
NO_REBOOT = 0xFED1F410  # bit 5 of the chip's register GCS
IO, MEMORY = 1, 0
WORD, DWORD = 2, 3
READ, WRITE, WRITE_COUNT, PRESERVE = 0, 2, 3, 0x80
RESET, SET_COUNT, GET_RUNNING, SET_RUNNING, GET_STOPPED, SET_STOPPED, SET_REBOOT, GET_STATUS, SET_STATUS = 1, 6, 8, 9, 10, 11, 17, 32, 33

# It bites when it has run out twice, and counts 0.6 s.
PERIOD_MS, COUNT_MAX, COUNT_MIN = 1200, 0x3FF, 4


def entry(action, instruction, register, value, mask, bit=0, space=IO, width=WORD):
    return struct.pack("<BBHBBBBQII", action, instruction, 0, space, 16 * (width - 1), bit, width, register, value, mask)


def table():
    """What follows the table's header."""
    halted = {"register": CONTROL1, "bit": 11, "mask": 1}
    entries = [
        entry(RESET, WRITE, RELOAD, 1, 0x3FF), entry(SET_COUNT, WRITE_COUNT | PRESERVE, TIMER, 0, 0x3FF),
        entry(GET_RUNNING, READ, value=0, **halted), entry(SET_RUNNING, WRITE | PRESERVE, value=0, **halted),
        entry(GET_STOPPED, READ, value=1, **halted), entry(SET_STOPPED, WRITE | PRESERVE, value=1, **halted),
        entry(SET_REBOOT, WRITE | PRESERVE, NO_REBOOT, 0, 1, 5, MEMORY, DWORD),
        entry(GET_STATUS, READ, STATUS2, 1, 1, 2),  # BOOT_STS
        entry(SET_STATUS, WRITE, STATUS2, 0, 0),
    ]
    no_pci = struct.pack("<HBBB3x", 0xFF, 0xFF, 0xFF, 0xFF)
    return struct.pack("<I", 32) + no_pci + struct.pack("<IIIB3xI", PERIOD_MS, COUNT_MAX, COUNT_MIN, 1, len(entries)) + b"".join(entries)
