"""Small ELF files by hand: what a loader looks at and nothing else (System V ABI, "Dynamic Section")."""

import struct

X86_64, AARCH64, I386 = 62, 183, 3
ET_EXEC, ET_DYN = 2, 3
PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
NEEDED, STRTAB, STRSZ, SONAME, RPATH, RUNPATH, FLAGS_1 = 1, 5, 10, 14, 15, 29, 0x6FFFFFFB
NODEFLIB = 0x800
# As glibc's loader has them, one behind the other.
FOLDERS = b"/lib64/\0/usr/lib64/\0"


def header(kind, machine, wide, abi, entry, segments):
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1, 1, abi]) + bytes(8)
    return ident + struct.pack("<HHIQQQIHHHHHH", kind, machine, 1, entry, 64, 0, 0, 64, 56, segments, 0, 0, 0)


def elf(needed=(), interpreter=None, soname=None, rpath=None, runpath=None, flags=0, kind=ET_DYN, machine=X86_64, wide=True, abi=0,
        entry=0x1000, text=b""):
    """The file's bytes; TEXT is further ones in its table of names."""
    strings, rows = bytearray(b"\0" + text + b"\0"), []

    def row(tag, name):
        rows.append((tag, len(strings)))
        strings.extend(name.encode() + b"\0")

    for tag, names in ((NEEDED, needed), (SONAME, [soname]), (RPATH, [rpath]), (RUNPATH, [runpath])):
        for name in names:
            if name is not None:
                row(tag, name)
    loader = interpreter.encode() + b"\0" if interpreter else b""
    at = 64 + 56 * (3 if loader else 2)
    rows += [(STRTAB, at), (STRSZ, len(strings)), (FLAGS_1, flags), (0, 0)]
    dynamic = b"".join(struct.pack("<QQ", *one) for one in rows)
    end = at + len(strings)
    size = end + len(dynamic) + len(loader)
    segments = [(PT_LOAD, 0, size), (PT_DYNAMIC, end, len(dynamic))]
    if loader:
        segments.append((PT_INTERP, end + len(dynamic), len(loader)))
    table = b"".join(struct.pack("<IIQQQQQQ", what, 5, where, where, where, length, length, 4096) for what, where, length in segments)
    return header(kind, machine, wide, abi, entry, len(segments)) + table + bytes(strings) + dynamic + loader
