"""A hybrid ISO as formats/iso/build makes it: ECMA-119, El Torito, and MBR and GPT that tell the same as a disk. The system
partition, efi.img, is the last file in it: it can be of any size, and nothing else moves. The kernel is in there once; the CD's
directory names the same bytes."""

import struct

from image import Refused, gpt, up

BLOCK, SECTOR = 2048, 512
VOLUME, BOOT_RECORD = 16, 17  # blocks of their descriptors
VOLUME_BLOCKS, ROOT_RECORD = 80, 156  # ECMA-119, 8.4
CATALOG, BOOTABLE = 71, 0x88  # El Torito, "Boot Record Volume Descriptor", "Initial/Default Entry"
HOLDER = "EFI.IMG"
BEHIND = 16 * BLOCK  # for the second GPT
HEADS, SECTORS_A_TRACK = 64, 32


def both_endian(value):
    return struct.pack("<I", value) + struct.pack(">I", value)


def is_one(data):
    return data[VOLUME * BLOCK:VOLUME * BLOCK + 6] == b"\x01CD001"


def extent(iso, record):
    """(offset, bytes) of what the directory record at RECORD names."""
    return struct.unpack_from("<I", iso, record + 2)[0] * BLOCK, struct.unpack_from("<I", iso, record + 10)[0]


def records(iso, folder):
    """(offset, name) of each record in the folder that the record at FOLDER names."""
    at, size = extent(iso, folder)
    end = at + size
    while at < end:
        if not iso[at]:  # the rest of the block is empty
            at = (at // BLOCK + 1) * BLOCK
            continue
        yield at, bytes(iso[at + 33:at + 33 + iso[at + 32]]).decode("ascii", "replace").partition(";")[0]
        at += iso[at]


def record(iso, path):
    """Offset of the record of PATH; without case and version number."""
    at = VOLUME * BLOCK + ROOT_RECORD
    for name in path.upper().split("/"):
        at = next((found for found, found_name in records(iso, at) if found_name.upper() == name), None)
        if at is None:
            raise Refused(f"there is no {path} in the ISO")
    return at


def partition(iso):
    """(offset, bytes) of the system partition."""
    return extent(iso, record(iso, HOLDER))


def put_partition(iso, partition, kernel, kernel_at, kernel_bytes):
    """ISO with the system partition PARTITION, in which the file KERNEL of its paths begins at KERNEL_AT."""
    start, old = extent(iso, record(iso, HOLDER))
    if start + up(old, BLOCK) + BEHIND != len(iso):
        raise Refused("efi.img is not the last file in the ISO; build it anew")
    partition += bytes(-len(partition) % BLOCK)
    end = start + len(partition)
    out = bytearray(iso[:start]) + partition + bytes(BEHIND)
    struct.pack_into("8s", out, VOLUME * BLOCK + VOLUME_BLOCKS, both_endian(len(out) // BLOCK))
    struct.pack_into("16s", out, record(out, HOLDER) + 2, both_endian(start // BLOCK) + both_endian(len(partition)))
    struct.pack_into("16s", out, record(out, kernel) + 2, both_endian((start + kernel_at) // BLOCK) + both_endian(kernel_bytes))

    catalog = struct.unpack_from("<I", out, BOOT_RECORD * BLOCK + CATALOG)[0] * BLOCK
    for entry in range(catalog, catalog + BLOCK, 32):
        if out[entry] == BOOTABLE and struct.unpack_from("<I", out, entry + 8)[0] * BLOCK == start:
            # UEFI 2.10, 13.3.2.1: 0 says that it goes to the end of the CD.
            sectors = len(partition) // SECTOR
            struct.pack_into("<H", out, entry + 6, sectors if sectors < 0x10000 else 0)
    put_mbr(out, start // SECTOR, end // SECTOR)
    put_gpt(out, start // SECTOR, end // SECTOR)
    return bytes(out)


def chs(sector):
    """A sector's number as the MBR's three bytes."""
    cylinder, rest = divmod(sector, HEADS * SECTORS_A_TRACK)
    if cylinder > 1023:
        return b"\xfe\xff\xff"
    head, number = divmod(rest, SECTORS_A_TRACK)
    return bytes([head, number + 1 | cylinder >> 2 & 0xC0, cylinder & 0xFF])


def put_mbr(out, first, end):
    for at in range(446, 510, 16):
        start, size = struct.unpack_from("<II", out, at + 8)
        if start == first:
            struct.pack_into("<I", out, at + 12, end - first)
        elif size:  # all of the CD
            whole = len(out) // SECTOR
            struct.pack_into("<3sII", out, at + 5, chs(whole - 1), start, whole)


def put_gpt(out, first, end):
    """One entry for the system partition, and one from the beginning to its end."""
    fields = gpt.HEADER.unpack_from(out, SECTOR)
    count, last = fields[11], len(out) // SECTOR - 1
    at, size = 2 * SECTOR, count * gpt.ENTRY_BYTES
    for entry in range(at, at + size, gpt.ENTRY_BYTES):
        if any(out[entry:entry + 16]):
            struct.pack_into("<Q", out, entry + 40, end - 1)
    entries = bytes(out[at:at + size])
    second = last - size // SECTOR
    for own, other, place in (1, last, 2), (last, 1, second):
        out[own * SECTOR:(own + 1) * SECTOR] = gpt.header(own, other, fields[7], end, fields[9], place, count, entries)
        out[place * SECTOR:place * SECTOR + size] = entries
