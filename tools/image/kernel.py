"""A kernel in its file, a bzImage or vmlinux: the settings and the archive in it, and its signature.

kernel/patches/0007 and 0015 make the places that are written to here."""

import pathlib
import struct
import tempfile
import zlib

from image import DAMAGED, Refused, run, up

SETTINGS_MARK = b"#settings in this image\n"
PAGE_BYTES = 4096
TEXT_BYTES = PAGE_BYTES - 16  # behind the head of a struct setup_data
ROOM_BYTES = TEXT_BYTES - len(SETTINGS_MARK)

ARCHIVE_MARK = b"#archive in this image\n\0"
# Behind the mark, struct image_archive: bytes, place, pe_place, room, words.
PLACE = struct.Struct("<QqQQ96s")
WORDS = "not enough memory for the files in this image; give the machine {} MiB or more"
# A page in front of the archive: struct setup_data, and how long the file was without the two, which only this reads.
NODE = struct.Struct("<QIIQ")
NODE_TYPE = 0x48435241
HUGE_PAGE = 2 << 20


def page_text(text):
    """What the page of settings holds: a text of whole lines, then empty ones."""
    return (SETTINGS_MARK + text.rstrip(b"\n") + b"\n").ljust(TEXT_BYTES, b"\n")[:TEXT_BYTES]


def find(data, mark, name, what):
    at = data.find(mark)
    if at < 0:
        raise Refused(f"{name}: has no place for {what}; it is no image that Thimble made, or one of an older Thimble")
    return at


class Kernel:
    """Both forms. DATA is not changed: what changes something returns the new file."""

    def __init__(self, data, name):
        self.data, self.name = data, name

    def settings_at(self):
        """Offset of the text."""
        at = find(self.data, SETTINGS_MARK, self.name, "settings")
        if at + TEXT_BYTES > len(self.data):
            raise Refused(f"{self.name}: ends in the middle of its settings")
        return at

    def settings(self):
        at = self.settings_at()
        return self.data[at + len(SETTINGS_MARK):at + TEXT_BYTES].rstrip(b"\n")

    def put_settings(self, text):
        at, data = self.settings_at(), bytearray(self.unsigned())
        data[at:at + TEXT_BYTES] = page_text(text)
        return self.finished(data)

    def archive_place(self):
        """(offset behind the mark, bytes with the node, offset of the node, length of the file without them); bytes 0: none."""
        at = find(self.data, ARCHIVE_MARK, self.name, "a service") + len(ARCHIVE_MARK)
        if at + PLACE.size > len(self.data):
            raise Refused(f"{self.name}: ends in the middle of its kernel")
        size, place, *_ = PLACE.unpack_from(self.data, at)
        if not size:
            return at, 0, 0, 0
        node = self.node_at(place)
        if node < 0 or size <= PAGE_BYTES or node + size > len(self.data):
            raise Refused(f"{self.name}: ends in the middle of its service")
        _, kind, length, base = NODE.unpack_from(self.data, node)
        if (kind, length) != (NODE_TYPE, size - 16) or not at < base <= node:
            raise Refused(f"{self.name}: its service is not where it says")
        return at, size, node, base

    def archive(self):
        """What was put in, None for nothing."""
        _, size, node, _ = self.archive_place()
        return bytes(self.data[node + PAGE_BYTES:node + size]) if size else None

    def put_archive(self, archive, memory_mib=0):
        """With ARCHIVE in place of an earlier one, None for none. MEMORY_MIB: what the kernel asks for where there is too little."""
        try:
            return self._with(archive, memory_mib)
        except DAMAGED as error:
            raise Refused(f"{self.name}: is damaged") from error

    def _with(self, archive, memory_mib):
        data = bytearray(self.unsigned())
        at, size, _, base = self.archive_place()
        if size:
            PLACE.pack_into(data, at, 0, self.take_out(data, at, base), 0, 0, b"")
        if archive is not None:
            base, size = len(data), PAGE_BYTES + len(archive)
            node = self.node_for(data, at)
            data += bytes(node - base)
            data += NODE.pack(0, NODE_TYPE, size - 16, base).ljust(PAGE_BYTES, b"\0")
            data += archive
            PLACE.pack_into(data, at, size, *self.put_in(data, base, node), WORDS.format(memory_mib).encode())
        return self.finished(data)


class BzImage(Kernel):
    """Documentation/arch/x86/boot.rst; and a PE file (PE format, "Optional Header", "Section Table"). Offsets in the latter:"""

    DATA_BYTES, IMAGE_BYTES, CHECKSUM = 8, 56, 64
    CERTIFICATES = 112 + 4 * 8
    SECTION = struct.Struct("<8s6I2HI")
    SECTIONS_END = 0x1EF  # boot.rst: the setup header
    NO_SECTION = b"\xff" * SECTION.size  # what the linker has between the two
    SYSSIZE, INIT_SIZE = 0x1F4, 0x260
    ARCHIVE_FLAGS = 0xC0000040  # data that is read and written
    FILE_ALIGNMENT = 512

    def __init__(self, data, name):
        super().__init__(data, name)
        self.setup_bytes = (data[0x1F1] + 1) * 512
        self.pe = struct.unpack_from("<I", data, 0x3C)[0]
        self.optional = self.pe + 24
        self.size = self.setup_bytes + self.number(data, self.SYSSIZE) * 16
        if self.optional > self.SECTIONS_END:
            raise Refused(f"{name}: is damaged")

    @staticmethod
    def number(data, at):
        return struct.unpack_from("<I", data, at)[0]

    @classmethod
    def add(cls, data, at, value):
        struct.pack_into("<I", data, at, cls.number(data, at) + value)

    def settings_at(self):
        # The page is the last one of the setup code.
        at = self.setup_bytes - TEXT_BYTES
        if not self.data.startswith(SETTINGS_MARK, at):
            raise Refused(f"{self.name}: has no place for settings; it is no image that Thimble made")
        if self.setup_bytes > len(self.data):
            raise Refused(f"{self.name}: ends in the middle of its settings")
        return at

    @property
    def signed(self):
        return self.number(self.data, self.optional + self.CERTIFICATES + 4) > 0

    def unsigned(self):
        if self.size > len(self.data):
            raise Refused(f"{self.name}: ends in the middle of its kernel")
        data = bytearray(self.data[:self.size])
        struct.pack_into("<II", data, self.optional + self.CERTIFICATES, 0, 0)
        struct.pack_into("<I", data, self.optional + self.CHECKSUM, 0)  # as Linux leaves it
        return self.finished(data)

    def finished(self, data):
        """Its own checksum, at the end (arch/x86/boot/tools/build.c)."""
        struct.pack_into("<I", data, len(data) - 4, zlib.crc32(memoryview(data)[:-4]) ^ 0xFFFFFFFF)
        return bytes(data)

    def node_at(self, place):
        return self.setup_bytes + place

    def sections(self, data):
        """(offset of the last section's row, offset behind it)."""
        count, = struct.unpack_from("<H", data, self.pe + 6)
        end = self.optional + struct.unpack_from("<H", data, self.pe + 20)[0] + count * self.SECTION.size
        return end - self.SECTION.size, end

    def distance(self, at):
        """From startup_32 to the field `place`, from where that tells the archive's while there is none."""
        return at + 8 - self.setup_bytes

    def node_for(self, data, at):
        node = self.node_at(PLACE.unpack_from(data, at)[1] + self.distance(at))
        if node % PAGE_BYTES or not 0 <= node - len(data) < HUGE_PAGE:
            raise Refused(f"{self.name}: has no place for a service; it is of another Thimble")
        return node

    def put_in(self, data, base, node):
        data += bytes(4)  # for the checksum
        data += bytes(-len(data) % self.FILE_ALIGNMENT)
        room, image_bytes = self.number(data, self.INIT_SIZE), self.number(data, self.optional + self.IMAGE_BYTES)
        last, row = self.sections(data)
        if row + self.SECTION.size > self.SECTIONS_END or data[row:row + self.SECTION.size] != self.NO_SECTION:
            raise Refused(f"{self.name}: its section table has no room")
        struct.pack_into("<I", data, base - 4, 0)  # the checksum of what it was
        # No gap between the sections: firmware and sbsign do not agree on what of it is signed.
        self.add(data, last + 16, node - base)
        raw = len(data) - node
        self.SECTION.pack_into(data, row, b".archive", raw, image_bytes, raw, node, 0, 0, 0, 0, self.ARCHIVE_FLAGS)
        self.resize(data, 1, up(raw, PAGE_BYTES), room + up(raw, PAGE_BYTES) + image_bytes - self.setup_bytes)
        return node - self.setup_bytes, image_bytes, room

    def take_out(self, data, at, base):
        _, place, _, room, _ = PLACE.unpack_from(data, at)
        _, end = self.sections(data)
        row = end - self.SECTION.size
        name, raw, *_ = self.SECTION.unpack_from(data, row)
        if name != b".archive":
            raise Refused(f"{self.name}: its service is not in a section of its own")
        data[row:end] = self.NO_SECTION
        self.add(data, row - self.SECTION.size + 16, base - self.node_at(place))
        del data[base:]
        self.resize(data, -1, -up(raw, PAGE_BYTES), room)
        return place - self.distance(at)

    def resize(self, data, sections, image_bytes, init_size):
        struct.pack_into("<H", data, self.pe + 6, struct.unpack_from("<H", data, self.pe + 6)[0] + sections)
        self.add(data, self.optional + self.DATA_BYTES, image_bytes)
        self.add(data, self.optional + self.IMAGE_BYTES, image_bytes)
        struct.pack_into("<I", data, self.SYSSIZE, (len(data) - self.setup_bytes) // 16)
        struct.pack_into("<I", data, self.INIT_SIZE, init_size)


class Vmlinux(Kernel):
    """An ELF file (System V ABI, "Program Header"). The settings are a file of its root, so there is no struct setup_data."""

    SEGMENT = struct.Struct("<2I6Q")
    COUNT = 56
    PT_LOAD, READABLE = 1, 4
    signed = False

    def __init__(self, data, name):
        super().__init__(data, name)
        self.table, = struct.unpack_from("<Q", data, 32)
        if self.table + self.count(data) * self.SEGMENT.size > len(data) or not self.segments(data)[0]:
            raise Refused(f"{name}: ends in the middle of its kernel")

    def count(self, data):
        return struct.unpack_from("<H", data, self.COUNT)[0]

    def segments(self, data):
        """(offset in the file, address, physical address, bytes in memory) of those that are loaded, and where the table ends."""
        rows = [self.SEGMENT.unpack_from(data, self.table + n * self.SEGMENT.size) for n in range(self.count(data))]
        return [(row[2], row[3], row[4], row[6]) for row in rows if row[0] == self.PT_LOAD], self.table + len(rows) * self.SEGMENT.size

    def unsigned(self):
        return self.data

    def finished(self, data):
        return bytes(data)

    def node_at(self, place):
        return next((offset for offset, _, physical, _ in self.segments(self.data)[0] if physical == place), len(self.data))

    def node_for(self, data, at):
        return up(len(data), PAGE_BYTES)

    def put_in(self, data, base, node):
        segments, row = self.segments(data)
        first = min(segment[0] for segment in segments)
        if row + self.SEGMENT.size > first or any(data[row:row + self.SEGMENT.size]):
            raise Refused(f"{self.name}: its program headers have no room")
        place = up(max(physical + length for _, _, physical, length in segments), HUGE_PAGE)
        address, size = place + segments[0][1] - segments[0][2], len(data) - node
        self.SEGMENT.pack_into(data, row, self.PT_LOAD, self.READABLE, node, address, place, size, size, PAGE_BYTES)
        struct.pack_into("<H", data, self.COUNT, self.count(data) + 1)
        return place, 0, 0

    def take_out(self, data, at, base):
        end = self.segments(data)[1]
        data[end - self.SEGMENT.size:end] = bytes(self.SEGMENT.size)
        struct.pack_into("<H", data, self.COUNT, self.count(data) - 1)
        del data[base:]
        return 0


def of(data, name):
    """The kernel that DATA is; NAME is what messages call it. None when it is none."""
    if data[:2] == b"MZ" and data[0x202:0x206] == b"HdrS" and len(data) > PAGE_BYTES:
        return BzImage(data, name)
    if data[:6] == b"\x7fELF\x02\x01" and len(data) > PAGE_BYTES:
        return Vmlinux(data, name)
    return None


def sign(data, key, certificate):
    """DATA, signed for Secure Boot with KEY and CERTIFICATE, PEM files."""
    with tempfile.TemporaryDirectory(prefix="thimble-sign.") as folder:
        unsigned, signed = pathlib.Path(folder) / "unsigned", pathlib.Path(folder) / "signed"
        unsigned.write_bytes(data)
        run("sbsign", "--key", key, "--cert", certificate, "--output", signed, unsigned)
        return signed.read_bytes()
