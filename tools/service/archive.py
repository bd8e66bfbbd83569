"""The archive as it lies in an image: compressed here, and read again for --show."""

import concurrent.futures
import lzma
import os
import struct
import zlib

from .tree import Refused, Tree, write_archive

# A window of gzip's (RFC 1951), and pieces so large that the window before each costs little.
WINDOW_BYTES, PIECE_BYTES = 1 << 15, 1 << 20
# The kernel holds the dictionary while it unpacks; it knows this checksum alone.
XZ = {"format": lzma.FORMAT_XZ, "check": lzma.CHECK_CRC32, "filters": [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 1 << 22}]}
SMALL_BYTES = 32 << 20
COMPRESSIONS = "gzip", "xz"
UNPACKED_MAX_BYTES = 4 << 30


class Gzip:
    """A file to write to; finish() returns the one gzip member (RFC 1952). Pieces are compressed at the same time on all processors,
    each with what is before it as its dictionary: the bytes do not depend on how many these are."""

    def __init__(self, level):
        self.level, self.crc, self.size = level, 0, 0
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

    def compressed(self, piece, before, flush):
        one = zlib.compressobj(self.level, zlib.DEFLATED, -zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, zlib.Z_DEFAULT_STRATEGY, before)
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


def pack(members, owner, guests, size, compression):
    """The archive of write_archive(), compressed; SIZE is about what is in it."""
    # The last level costs five times as much and saves a hundredth.
    out = Xz() if compression == "xz" else Gzip(9 if size < SMALL_BYTES else 6)
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


def read(data):
    """[(path, mode, content)] of an archive as pack() makes it; hard links have the content of the first."""
    plain, at, found = unpacked(data), 0, []
    while True:
        head = plain[at:at + 110]
        try:
            if len(head) != 110 or head[:6] != b"070701":
                raise ValueError
            fields = [int(head[6 + 8 * n:14 + 8 * n], 16) for n in range(13)]
        except ValueError:
            raise Refused("the service in it is damaged") from None
        mode, size, name_bytes = fields[1], fields[6], fields[11]
        name = plain[at + 110:at + 109 + name_bytes].decode("utf-8", "surrogateescape")
        begin = at + (110 + name_bytes + 3) // 4 * 4
        if name == "TRAILER!!!":
            return found
        found.append((name, mode, plain[begin:begin + size]))
        at = begin + (size + 3) // 4 * 4


def tree_of(files):
    """A tree of {path: text}, of the guest's own."""
    tree = Tree()
    for path, text in files.items():
        tree.add_file(path, text.encode("utf-8", "surrogateescape"))
    return tree
