"""The file system of an EFI system partition (Microsoft, "FAT: General Overview of On-Disk Format", 1.03): FAT12, or FAT16 where
that is too small. Names are 8.3 and upper case, and each file is in one piece that begins at a multiple of 2048 bytes, so that an
ISO 9660 directory can name it too. The same files give the same bytes.

A boot loader for BIOS is the boot sector's code and what that loads, at fixed sectors before the FATs ("reserved sectors"): so it
can be laid into any partition as it is."""

import array
import struct
import sys

from image import Refused, up

SECTOR, ENTRY = 512, 32
ALIGN = 2048
FATS, ROOT_ENTRIES = 2, 32
ROOT_BYTES = ROOT_ENTRIES * ENTRY
LARGEST_CLUSTER = 32768
# "FAT Type Determination" has 4085 and 65525; it says to stay away from them by 16, since many programs are wrong there.
FAT12_MOST, FAT16_LEAST, FAT16_MOST = 4084 - 16, 4085 + 16, 65524 - 16
END_OF_FILE = 0xFFFF
MEDIA = 0xF8
DATE = (2026 - 1980) << 9 | 1 << 5 | 1
FOLDER, VOLUME, FILE = 0x10, 0x08, 0x20
SERIAL = 0x1234ABCD  # as mkfs.fat --invariant has it

# The boot sector: jump, name, then the BIOS parameter block of FAT12 and FAT16; code follows it.
BLOCK = struct.Struct("<3s8sHBHBHHBHHHIIBBBI11s8s")
CODE_END = 510


# --- write ----------------------------------------------------------------------------------------------------------

def short(name):
    stem, _, suffix = name.upper().partition(".")
    if not stem or len(stem) > 8 or len(suffix) > 3 or "." in suffix:
        raise Refused(f"{name}: no name of a file on a system partition")
    return f"{stem:8}{suffix:3}".encode("ascii")


def entry(name, kind, cluster=0, size=0):
    return struct.pack("<11sB10xHHHI", name, kind, 0, DATE, cluster, size)


def packed_fat(fat, bits):
    """The entries FAT in a FAT's form."""
    if bits == 16:
        words = array.array("H", fat)
        if sys.byteorder == "big":
            words.byteswap()
        return words.tobytes()
    out = bytearray()
    for low, high in zip(fat[::2], fat[1::2] + [0]):
        out += ((low & 0xFFF) | (high & 0xFFF) << 12).to_bytes(3, "little")
    return bytes(out)


def geometry(sizes, folders, spare):
    """(bytes a cluster, clusters, bits of the FAT) for files of SIZES and FOLDERS folders, with SPARE bytes free."""
    cluster = ALIGN
    while cluster <= LARGEST_CLUSTER:
        clusters = folders + sum(up(size, cluster) // cluster for size in [*sizes, spare])
        if cluster == ALIGN and clusters <= FAT12_MOST:
            return cluster, max(clusters, 1), 12
        if clusters <= FAT16_MOST:
            return cluster, max(clusters, FAT16_LEAST), 16
        cluster *= 2
    raise Refused(f"{sum(sizes)} bytes are too many for a system partition; it takes two gigabytes")


def write(files, loader=b"", spare=0):
    """A partition with FILES, {path: bytes}; LOADER as Partition.loader() has it; SPARE: bytes that stay free."""
    folders = sorted({path[:end] for path in files for end, letter in enumerate(path) if letter == "/"})
    cluster, clusters, bits = geometry([len(data) for data in files.values()], len(folders), spare)
    fat = [0xFF00 | MEDIA, END_OF_FILE]
    first = {"": 0}
    for path, size in [*((folder, 1) for folder in folders), *((path, len(data)) for path, data in files.items())]:
        count = up(size, cluster) // cluster
        first[path] = len(fat) if count else 0
        fat += [*range(len(fat) + 1, len(fat) + count), END_OF_FILE][:count]
    fat += [0] * (clusters + 2 - len(fat))
    packed = packed_fat(fat, bits)
    fat_bytes = up(len(packed), SECTOR)
    tables = FATS * fat_bytes + ROOT_BYTES
    # As many reserved sectors as let the data begin at a multiple of ALIGN.
    reserved = up(max(len(loader), SECTOR) + tables, ALIGN) - tables
    sectors = (reserved + tables + clusters * cluster) // SECTOR

    out = bytearray(reserved + tables + clusters * cluster)
    out[:len(loader)] = loader
    jump, name = (loader[:3], loader[3:11]) if loader else (b"\xeb\x3c\x90", b"THIMBLE ")
    BLOCK.pack_into(out, 0, jump, name, SECTOR, cluster // SECTOR, reserved // SECTOR, FATS, ROOT_ENTRIES,
                    sectors if sectors < 0x10000 else 0, MEDIA, fat_bytes // SECTOR, 63, 255, 0,
                    sectors if sectors >= 0x10000 else 0, 0x80, 0, 0x29, SERIAL, b"THIMBLE    ", f"FAT{bits}   ".encode())
    out[CODE_END:SECTOR] = b"\x55\xaa"
    for number in range(FATS):
        at = reserved + number * fat_bytes
        out[at:at + len(packed)] = packed
    data = reserved + tables - 2 * cluster
    for path, content in files.items():
        at = data + first[path] * cluster
        out[at:at + len(content)] = content
    for folder in ["", *folders]:
        at, room = (data + first[folder] * cluster, cluster) if folder else (reserved + tables - ROOT_BYTES, ROOT_BYTES)
        entries = listed(folder, first, files)
        assert len(entries) <= room, f"too many files in /{folder}"
        out[at:at + len(entries)] = entries
    return bytes(out)


def listed(folder, first, files):
    """The entries of FOLDER. FIRST: the first cluster of each path; those that are not in FILES are folders."""
    entries = [entry(b"THIMBLE    ", VOLUME)]
    if folder:
        entries = [entry(b".          ", FOLDER, first[folder]), entry(b"..         ", FOLDER, first[parent(folder)])]
    for path in first:
        if path and parent(path) == folder:
            entries.append(entry(short(path.rpartition("/")[2]), FILE if path in files else FOLDER, first[path],
                                 len(files.get(path, b""))))
    return b"".join(entries)


def parent(path):
    return path.rpartition("/")[0]


# --- read -----------------------------------------------------------------------------------------------------------

class Partition:
    """What `write` made, or mtools; paths are upper case."""

    def __init__(self, data):
        self.data = data
        fields = BLOCK.unpack_from(data)
        (_, _, sector, self.cluster, reserved, fats, root_entries, sectors, _, fat_sectors, _, _, _, sectors_32, *_) = fields
        if sector != SECTOR or not self.cluster or not fats or not fat_sectors or data[CODE_END:SECTOR] != b"\x55\xaa":
            raise Refused("its system partition is no FAT12 or FAT16")
        self.cluster *= SECTOR
        self.reserved = reserved * SECTOR
        root = self.reserved + fats * fat_sectors * SECTOR
        self.start = root + root_entries * ENTRY
        self.clusters = ((sectors or sectors_32) * SECTOR - self.start) // self.cluster
        if self.start + self.clusters * self.cluster > len(data):
            raise Refused("its system partition is cut short")
        self.bits = 12 if self.clusters < 4085 else 16
        self.folders = set()
        self.files = dict(self._walk("", data[root:self.start]))

    def _next(self, cluster):
        if self.bits == 16:
            return struct.unpack_from("<H", self.data, self.reserved + cluster * 2)[0]
        word, = struct.unpack_from("<H", self.data, self.reserved + cluster * 3 // 2)
        return word >> 4 if cluster & 1 else word & 0xFFF

    def _chain(self, cluster, size):
        """Clusters with SIZE bytes; a folder's size is not known: None."""
        chain = []
        while 2 <= cluster < self.clusters + 2 and len(chain) < self.clusters:
            chain.append(cluster)
            cluster = self._next(cluster)
        if size is not None and len(chain) != up(size, self.cluster) // self.cluster:
            raise Refused("its system partition is damaged")
        return chain

    def _at(self, cluster):
        return self.start + (cluster - 2) * self.cluster

    def _content(self, chain):
        return b"".join(bytes(self.data[self._at(cluster):self._at(cluster + 1)]) for cluster in chain)

    def _walk(self, folder, listed):
        """(path, (clusters, size)) of each file."""
        for at in range(0, len(listed), ENTRY):
            name, kind, cluster, size = struct.unpack_from("<11sB14xHI", listed, at)
            if not name[0]:
                return
            if name[0] in b".\xe5" or kind & VOLUME:  # deleted, or a part of a long name
                continue
            stem, suffix = name[:8].decode("ascii", "replace").rstrip(), name[8:].decode("ascii", "replace").rstrip()
            path = folder + stem + ("." + suffix if suffix else "")
            if not kind & FOLDER:
                yield path, (self._chain(cluster, size), size)
            elif cluster in self.folders:
                raise Refused("its system partition is damaged")
            else:
                self.folders.add(cluster)
                yield from self._walk(path + "/", self._content(self._chain(cluster, None)))

    def read(self, path):
        chain, size = self.files[path]
        at = self.extent(path)
        return bytes(self.data[at:at + size]) if at is not None else self._content(chain)[:size]

    def extent(self, path):
        """Offset of the file at PATH, which is in one piece; else None."""
        chain, _ = self.files[path]
        in_one_piece = chain and chain == list(range(chain[0], chain[0] + len(chain)))
        return self._at(chain[0]) if in_one_piece else None

    def loader(self):
        """The boot sector and the sectors behind it, when there is a boot loader in them."""
        code = bytes(self.data[:self.reserved]).rstrip(b"\0")
        return code + bytes(-len(code) % SECTOR) if len(code) > SECTOR else b""
