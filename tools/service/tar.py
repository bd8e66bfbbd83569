"""Reads a tar archive that nobody vouches for: ustar, PAX, and GNU's long names and numbers, as layers have them."""

import collections
import os
import re

from .tree import MAX_PATH, Refused, Slice, quoted

BLOCK = 512
ZERO = bytes(BLOCK)
LENGTH = re.compile(rb"([0-9]{1,7}) ")
MAX_EXTENDED = 1 << 20      # bytes of one PAX header or long name
MAX_RECORDS = 64            # in one PAX header
MAX_SIZE = 1 << 40          # of anything: far above what is ever taken

# KIND: "file", "folder", "symlink", "hard link", "device", "fifo". CONTENT: a Slice (of a file). TARGET: of a link.
# CAPABILITIES: whether it is a program with file capabilities.
Member = collections.namedtuple("Member", "name kind mode uid gid content target capabilities")

KINDS = {b"0": "file", b"\0": "file", b"7": "file", b"1": "hard link", b"2": "symlink", b"3": "device", b"4": "device",
         b"5": "folder", b"6": "fifo"}


def text(data):
    return data.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")


def number(field, what):
    """An octal number, or one in base 256."""
    if field[0] in (0x80, 0xff):
        return int.from_bytes(field[1:], "big") - (1 << 8 * (len(field) - 1) if field[0] == 0xff else 0)
    digits = field.strip(b" \0") or b"0"
    if not digits.isdigit() or b"8" in digits or b"9" in digits:
        raise Refused(f"the tar archive has {quoted(digits)} as {what}")
    return int(digits, 8)


def decimal(value, what):
    if not re.fullmatch(r"-?[0-9]{1,20}", value):
        raise Refused(f"the tar archive has {quoted(value)} as {what}")
    return int(value)


def records(data):
    """{key: value} of a PAX header."""
    found, at = {}, 0
    for _ in range(MAX_RECORDS):
        if at == len(data):
            return found
        match = LENGTH.match(data, at)
        end = at + int(match[1]) if match else 0
        key, equals, value = data[match.end():end - 1].partition(b"=") if match else (b"", b"", b"")
        if not equals or end > len(data) or data[end - 1:end] != b"\n":
            raise Refused(f"the tar archive has a damaged PAX header: {quoted(data[at:at + 40])}")
        found[key.decode("utf-8", "surrogateescape")] = value.decode("utf-8", "surrogateescape")
        at = end
    raise Refused(f"the tar archive has a PAX header of {MAX_RECORDS} records or more")


class Reader:
    """The members of the archive in a Slice, in its order."""

    def __init__(self, archive):
        self.archive = archive

    def __iter__(self):
        with self.archive.open() as self.file:
            yield from self._members()

    def _read(self, at, size, what):
        fits = at + size <= self.archive.size
        data = os.pread(self.file.fileno(), size, self.archive.offset + at) if fits else b""
        if len(data) != size:
            raise Refused(f"the tar archive is cut off in {what}, at byte {at}")
        return data

    def _members(self):
        at, extended, seen = 0, {}, b""
        while at < self.archive.size:
            block = self._read(at, BLOCK, "a header")
            if block == ZERO:
                if at + BLOCK < self.archive.size and self._read(at + BLOCK, BLOCK, "its end") != ZERO:
                    raise Refused(f"the tar archive has something behind its end, at byte {at}")
                break
            self._check(block, at)
            kind, size = block[156:157], number(block[124:136], "a size")
            if kind in b"xgLK":
                if kind in seen:
                    raise Refused(f"the tar archive has two headers of type {quoted(kind)} for one file, at byte {at}")
                seen += kind
                data = self._extended(at, size)
                if kind == b"x":
                    extended.update(records(data))
                elif kind != b"g":
                    extended.setdefault("path" if kind == b"L" else "linkpath", text(data))
                at += BLOCK + -(-size // BLOCK) * BLOCK
                continue
            member, taken = self._member(block, at + BLOCK, size, extended)
            yield member
            extended, seen = {}, b""
            at += BLOCK + -(-taken // BLOCK) * BLOCK
        if extended:
            raise Refused("the tar archive ends where a file should follow")

    @staticmethod
    def _check(block, at):
        bare = block[:148] + b" " * 8 + block[156:]
        says = block[148:156].strip(b" \0").lstrip(b"0")
        # Some old programs add the bytes as signed ones.
        if says != b"%o" % sum(bare) and says != b"%o" % sum(byte - 256 if byte > 127 else byte for byte in bare):
            raise Refused(f"this is no tar archive, or a damaged one: the header at byte {at} has another checksum")

    def _extended(self, at, size):
        if not 0 <= size <= MAX_EXTENDED:
            raise Refused(f"the tar archive has a header of {size} bytes: {MAX_EXTENDED} are possible")
        return self._read(at + BLOCK, size, "a header")

    def _member(self, block, start, size, extended):
        """(Member, bytes of content)."""
        name = text(block[:100])
        if block[257:263] == b"ustar\0" and block[345]:
            name = f"{text(block[345:500])}/{name}"
        name = extended.get("path") or name
        target = extended.get("linkpath") or text(block[157:257])
        if not name or len(name) > MAX_PATH or len(target) > MAX_PATH:
            raise Refused(f"the tar archive has the name {quoted(name)} with the target {quoted(target)}: names have 1"
                          f" to {MAX_PATH} bytes")
        kind = self._kind(block[156:157], name, extended)
        size = self._size(name, kind, extended.get("size", size), start)
        owner = [decimal(extended[key], f"a {key}") if key in extended else number(field, f"a {key}")
                 for key, field in (("uid", block[108:116]), ("gid", block[116:124]))]
        whole = self.archive
        content = Slice(whole.path, whole.offset + start, size, whole.source, whole.identity)
        return Member(name, kind, number(block[100:108], "a mode") & 0o7777, *owner, content, target,
                      "SCHILY.xattr.security.capability" in extended), size

    @staticmethod
    def _kind(letter, name, extended):
        kind = KINDS.get(letter)
        if letter == b"S" or any(key.startswith("GNU.sparse") for key in extended):
            raise Refused(f"the file {quoted(name)} in the tar archive is sparse: make the archive without")
        if kind is None:
            raise Refused(f"the file {quoted(name)} in the tar archive is of type {quoted(letter)}, which is not known")
        return "folder" if letter == b"\0" and name.endswith("/") else kind

    def _size(self, name, kind, size, start):
        """The bytes of content from START on. SIZE is a number, or text of a PAX header."""
        if isinstance(size, str):
            size = decimal(size, f"the size of {quoted(name)}")
        if not 0 <= size <= MAX_SIZE:
            raise Refused(f"the file {quoted(name)} in the tar archive has {size} bytes")
        if kind != "file":
            return 0
        if start + size > self.archive.size:
            raise Refused(f"the tar archive is cut off in the file {quoted(name)} of {size} bytes")
        return size
