"""Reads and writes cpio in the kernel's form, "newc" (Documentation/driver-api/early-userspace/buffer-format.rst)."""

import collections

File = collections.namedtuple("File", "mode uid gid mtime content")
HEADER, MAGIC = 110, b"070701"
REGULAR = 0o100000


def read(data):
    """{path: File}; a link's content is its target."""
    def aligned(offset):
        return (offset + 3) & ~3

    files, at = {}, 0
    while True:
        assert data[at:at + 6] == MAGIC, f"no cpio header at {at}: {data[at:at + 6]!r}"
        _, mode, uid, gid, _, mtime, size, _, _, _, _, name_size, _ = (
            int(data[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)
        )
        begin = aligned(at + HEADER + name_size)
        name = data[at + HEADER:at + HEADER + name_size - 1].decode()
        if name == "TRAILER!!!":
            return files
        files[name] = File(mode, uid, gid, mtime, data[begin:begin + size])
        at = aligned(begin + size)


def _member(number, name, mode, data):
    path = name.encode() + b"\0"
    fields = [number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path), 0]
    head = MAGIC + b"".join(b"%08x" % field for field in fields) + path
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


def write(files):
    """The bytes of an archive of regular files, {path: (mode, bytes)}, all of them root's."""
    members = [_member(number, name, REGULAR | mode, data)
               for number, (name, (mode, data)) in enumerate(sorted(files.items()), 1)]
    return b"".join(members) + _member(0, "TRAILER!!!", 0, b"")
