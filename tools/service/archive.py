"""The archive as it lies in an image: compressed here, and read again for --show."""

import collections
import concurrent.futures
import lzma
import os
import re
import struct
import zlib

from .tree import PAGE, Refused, Tree, write_archive

# A window of gzip's (RFC 1951), and pieces so large that the window before each costs little.
WINDOW_BYTES, PIECE_BYTES = 1 << 15, 1 << 20
LEVEL = 6  # 9 takes four times as long and saves four thousandths
# The kernel holds the dictionary while it unpacks; it knows this checksum alone.
XZ = {"format": lzma.FORMAT_XZ, "check": lzma.CHECK_CRC32,
      "filters": [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 1 << 22}]}
COMPRESSIONS = "gzip", "xz"
UNPACKED_MAX_BYTES = 4 << 30
OWN = "etc/thimble/"
HEADER = re.compile(b"070701([0-9A-Fa-f]{104})")


class Gzip:
    """A file to write to; finish() returns the one gzip member (RFC 1952). Pieces are compressed at the same time on all
    processors, each with what is before it as its dictionary: the bytes do not depend on how many these are."""

    def __init__(self):
        self.crc = self.size = 0
        self.waiting, self.before, self.pieces = bytearray(), b"", []
        self.count = len(os.sched_getaffinity(0))
        self.threads = concurrent.futures.ThreadPoolExecutor(self.count)

    def write(self, data):
        self.waiting += data
        while len(self.waiting) >= PIECE_BYTES:
            self.put(bytes(self.waiting[:PIECE_BYTES]), zlib.Z_SYNC_FLUSH)
            del self.waiting[:PIECE_BYTES]

    def put(self, piece, flush):
        self.crc, self.size = zlib.crc32(piece, self.crc), self.size + len(piece)
        self.pieces.append(self.threads.submit(self.compressed, piece, self.before, flush))
        self.before = piece[-WINDOW_BYTES:]
        if len(self.pieces) > 4 * self.count:  # what waits is in memory
            self.pieces[-4 * self.count].result()

    @staticmethod
    def compressed(piece, before, flush):
        one = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, zlib.Z_DEFAULT_STRATEGY, before)
        return one.compress(piece) + one.flush(flush)

    def finish(self):
        self.put(bytes(self.waiting), zlib.Z_FINISH)
        head = struct.pack("<BBBBIBB", 0x1F, 0x8B, 8, 0, 0, 0, 3)
        data = b"".join([head, *(piece.result() for piece in self.pieces), struct.pack("<II", self.crc, self.size & 0xFFFFFFFF)])
        self.threads.shutdown()
        return data


class Xz:
    def __init__(self):
        self.one, self.pieces = lzma.LZMACompressor(**XZ), []

    def write(self, data):
        self.pieces.append(self.one.compress(data))

    def finish(self):
        return b"".join([*self.pieces, self.one.flush()])


def pack(members, owner, guests, compression):
    """The archive of write_archive(), compressed."""
    out = Xz() if compression == "xz" else Gzip()
    write_archive(out, members, owner, guests)
    return out.finish()


def unpacked(data):
    one = lzma.LZMADecompressor() if data.startswith(b"\xfd7zXZ") else zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        plain = one.decompress(data, UNPACKED_MAX_BYTES)
    except (lzma.LZMAError, zlib.error) as error:
        raise Refused(f"the service in it cannot be unpacked: {error}") from None
    if not one.eof:
        raise Refused("the service in it is cut short, or larger than any guest")
    return plain


Member = collections.namedtuple("Member", "path mode uid gid content")


def read(data):
    """[Member] of an archive as pack() makes it; of a file with several names, the first has the content."""
    plain, at, found = unpacked(data), 0, []
    while True:
        head = HEADER.match(plain, at)
        if not head:
            raise Refused("the service in it is damaged")
        fields = [int(head[1][8 * n:8 * n + 8], 16) for n in range(13)]
        mode, uid, gid, size, name_bytes = *fields[1:4], fields[6], fields[11]
        name = plain[at + 110:at + 109 + name_bytes].decode("utf-8", "surrogateescape")
        begin = at + (110 + name_bytes + 3) // 4 * 4
        if name == "TRAILER!!!":
            return found
        found.append(Member(name, mode, uid, gid, plain[begin:begin + size]))
        at = begin + (size + 3) // 4 * 4


def tree_of(files):
    """A tree of {path: text}, of the guest's own."""
    tree = Tree()
    for path, text in files.items():
        tree.add_file(path, text.encode("utf-8", "surrogateescape"))
    return tree


class Inside:
    """What the archive DATA has: TEXTS {name in etc/thimble: text}, ROWS of the description, SIZES of the service's files."""

    def __init__(self, data):
        members = read(data)
        self.texts = {one.path.removeprefix(OWN): one.content.decode("utf-8", "surrogateescape")
                      for one in members if one.path.startswith(OWN)}
        self.rows = dict(line.split("=", 1) for line in self.texts.get("service", "").splitlines() if "=" in line)
        self.sizes = [len(one.content) for one in members if one.path.split("/")[0] == "service"]

    @property
    def name(self):
        return self.rows.get("name", "")

    def status_port(self):
        found = re.search("^status-port = ([0-9]+)$", self.texts.get("settings.conf", ""), re.M)
        return found[1] if found else "80"

    def unpacked_bytes(self):
        """As Tree.unpacked_bytes(): in a tmpfs."""
        return sum(1024 + -(-size // PAGE) * PAGE for size in self.sizes)

    def listed(self, key):
        return [self.rows[f"{key}.{number}"] for number in range(1, len(self.rows) + 1) if f"{key}.{number}" in self.rows]

    def places(self):
        """[(path, bytes, uid, gid, mode)], all text."""
        return [tuple(place.split(" ")) for place in self.listed("place") if re.fullmatch(r"\S+( [0-9]{1,16}){4}", place)]

    def writable_bytes(self):
        root = self.rows.get("root_bytes", "")
        return sum(int(size) for size in (root, *(place[1] for place in self.places())) if re.fullmatch("[0-9]{1,16}", size))
