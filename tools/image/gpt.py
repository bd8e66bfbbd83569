"""A disk with a GUID partition table (UEFI 2.10, 5.3) and one EFI system partition, which BIOS starts too, by boot code in
front of it. Identifiers say nothing, so that the same partition gives the same bytes."""

import struct
import uuid
import zlib

from image import Refused, up

SECTOR = 512
FIRST = 34   # sectors of the tables before the partitions
BEHIND = 33  # and behind them
ENTRIES, ENTRY_BYTES = 128, 128
HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")
ENTRY = struct.Struct("<16s16sQQQ72s")
CODE_BYTES = 440
DISK = uuid.UUID("54484D42-0000-4000-8000-000000000000").bytes_le
PARTITION = uuid.UUID("54484D42-0000-4000-8000-000000000001").bytes_le
SYSTEM_PARTITION = uuid.UUID("C12A7328-F81F-11D2-BA4B-00A0C93EC93B").bytes_le
LEGACY_BIOS_BOOTABLE = 1 << 2


def header(own, other, first, last, disk, at, count, entries):
    """Of the table whose header is in sector OWN and whose entries begin at AT; the other one's header is in OTHER."""
    fields = [b"EFI PART", 0x10000, HEADER.size, 0, 0, own, other, first, last, disk, at, count, ENTRY_BYTES, zlib.crc32(entries)]
    fields[3] = zlib.crc32(HEADER.pack(*fields))
    return HEADER.pack(*fields).ljust(SECTOR, b"\0")


def disk(partition, code=b"", align=SECTOR, least=0):
    """With PARTITION and boot code for BIOS; of a multiple of ALIGN bytes, and no less than LEAST."""
    sectors = max(up((FIRST + BEHIND) * SECTOR + len(partition), align), least) // SECTOR
    last = sectors - 1
    entry = ENTRY.pack(SYSTEM_PARTITION, PARTITION, FIRST, FIRST + len(partition) // SECTOR - 1,
                       LEGACY_BIOS_BOOTABLE if any(code) else 0, "thimble".encode("utf-16-le"))
    entries = entry.ljust(ENTRIES * ENTRY_BYTES, b"\0")
    protective = struct.pack("<4B4BII", 0, 0, 2, 0, 0xEE, 0xFF, 0xFF, 0xFF, 1, min(last, 0xFFFFFFFF))
    tables = [header(own, other, FIRST, last - BEHIND, DISK, at, ENTRIES, entries)
              for own, other, at in ((1, last, 2), (last, 1, last - BEHIND + 1))]
    front = code[:CODE_BYTES].ljust(446, b"\0") + protective.ljust(64, b"\0") + b"\x55\xaa" + tables[0] + entries + partition
    return front.ljust((last - BEHIND + 1) * SECTOR, b"\0") + entries + tables[1]


def partition(data):
    """(offset, bytes) of the system partition; None where DATA is no such disk."""
    if data[SECTOR:SECTOR + 8] != b"EFI PART":
        return None
    at = struct.unpack_from("<Q", data, SECTOR + 72)[0] * SECTOR
    kind, _, first, last, _, _ = ENTRY.unpack_from(data, at)
    if kind != SYSTEM_PARTITION or not first <= last < len(data) // SECTOR:
        raise Refused("the first partition is no EFI system partition, or the disk is cut short")
    return first * SECTOR, (last + 1 - first) * SECTOR
