"""A program with what it needs to start: its loader and libraries, as the loader would find them.

All of it comes from ELF data: nothing is run, and ld.so.cache is not asked. The rules are those of ld.so(8) for glibc and of
ldso/dynlink.c for musl. Of the copies of a library for several kinds of processor (glibc-hwcaps) the common one is taken."""

import collections
import glob
import mmap
import os
import pathlib
import posixpath
import re
import stat
import struct

from .tree import Refused, Slice, Tree

# e_machine (ELF specification, "Machine")
MACHINES = {3: "i386", 40: "arm", 62: "x86_64", 183: "aarch64", 243: "riscv64", 8: "mips", 21: "ppc64", 22: "s390x"}
ET_EXEC, ET_DYN = 2, 3
PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
DT_NEEDED, DT_STRTAB, DT_STRSZ, DT_SONAME, DT_RPATH, DT_RUNPATH, DT_FLAGS_1 = 1, 5, 10, 14, 15, 29, 0x6FFFFFFB
DF_1_NODEFLIB = 0x800
LINUX_ABIS = 0, 3  # EI_OSABI: System V, GNU

HEADER_BYTES, SEGMENT_BYTES = 64, 56
SEGMENTS_MAX, DYNAMIC_MAX_BYTES, STRING_MAX_BYTES, LIBRARIES_MAX = 4096, 1 << 16, 4096, 1024
CONFIGURATION_MAX_BYTES, INCLUDES_MAX = 1 << 16, 64

FOLDER = "/usr/bin"
STATIC = """\
Build it static: C: cc -static (musl-gcc makes it small); Go: CGO_ENABLED=0 go build;
Rust: cargo build --target {arch}-unknown-linux-musl"""


class Unfit(Exception):
    """What is wrong with a file, and how to mend it, in two lines."""


class Elf:
    """What the loader looks at in an executable or library. DATA is a function (offset, size) -> bytes; SIZE is the file's."""

    def __init__(self, data, size, arch):
        self.data, self.size = data, size
        head = data(0, HEADER_BYTES)
        if not head:
            raise Unfit("it is empty\nBuild it again")
        if head[:2] == b"#!":
            interpreter = data(0, 256)[2:].split(b"\n", 1)[0].decode("ascii", "replace").strip()
            raise Unfit(f"it is a script for {interpreter!r}, and the guest has no interpreter\n"
                        "Name a Linux executable, or a folder that has the script and its interpreter (ROOT=, --root)")
        if head[:4] != b"\x7fELF" or len(head) < HEADER_BYTES:
            raise Unfit("it is no ELF executable\nName a Linux executable")
        wide, self.order = head[4] == 2, "<" if head[5] == 1 else ">"
        self.kind, machine = self.unpack("HH", head, 16)
        found = MACHINES.get(machine, f"ELF machine {machine}")
        if found != arch or not wide:
            raise Unfit(f"it is for {found} ({64 if wide else 32} bit), the guest is {arch} (64 bit)\nBuild it for {arch}")
        if head[7] not in LINUX_ABIS:
            raise Unfit(f"it is for another system than Linux (ELF OSABI {head[7]})\nBuild it for Linux")
        if self.kind not in (ET_EXEC, ET_DYN):
            raise Unfit("it is an object file or a core dump, not an executable\nLink it first")
        self.entry, = self.unpack("Q", head, 24)
        self.segments = list(self.read_segments(head))
        interpreters = [segment for segment in self.segments if segment.kind == PT_INTERP]
        self.interpreter = self.text(interpreters[0].offset, interpreters[0].size) if interpreters else None
        if interpreters and not self.interpreter.startswith("/"):
            raise Unfit(f"it names {self.interpreter!r} as its loader, and that is no absolute path\nLink it again")
        self.needed, self.soname, self.rpath, self.runpath, self.default_folders = [], None, [], [], True
        self.read_dynamic()

    def unpack(self, form, data, offset=0):
        try:
            return struct.unpack_from(self.order + form, data, offset)
        except struct.error:
            raise Unfit("it has become shorter while it was read\nTry again") from None

    def read_segments(self, head):
        offset, = self.unpack("Q", head, 32)
        size, count = self.unpack("HH", head, 54)
        if count == 0 or count > SEGMENTS_MAX or size != SEGMENT_BYTES or offset + size * count > self.size:
            raise Unfit("its program headers are broken: the file is cut short or damaged\nBuild or copy it again")
        table = self.data(offset, size * count)
        for index in range(count):
            kind, _, at, address, _, length = self.unpack("IIQQQQ", table, index * size)
            if at + length > self.size:
                raise Unfit("a segment lies beyond its end: the file is cut short\nBuild or copy it again")
            yield Segment(kind, at, address, length)

    def text(self, offset, size=STRING_MAX_BYTES):
        """The string there, which has an end; its bytes as the file system takes them."""
        text, end, _ = self.data(offset, min(size, STRING_MAX_BYTES)).partition(b"\0")
        if not end:
            raise Unfit("a name in it has no end: the file is damaged\nBuild or copy it again")
        return os.fsdecode(text)

    def read_dynamic(self):
        dynamic = next((segment for segment in self.segments if segment.kind == PT_DYNAMIC), None)
        if dynamic is None:
            return
        table = self.data(dynamic.offset, min(dynamic.size, DYNAMIC_MAX_BYTES))
        rows = []
        for at in range(0, len(table) - 15, 16):
            tag, value = self.unpack("QQ", table, at)
            if tag == 0:
                break
            rows.append((tag, value))
        values = dict(rows)
        if DT_STRTAB not in values:
            return
        self.strings = self.offset_of(values[DT_STRTAB]), values.get(DT_STRSZ, 0)
        if sum(self.strings) > self.size:
            raise Unfit("its table of names lies beyond its end: the file is damaged\nBuild or copy it again")
        self.needed = list(dict.fromkeys(self.name(value) for tag, value in rows if tag == DT_NEEDED))
        self.soname = self.name(values[DT_SONAME]) if DT_SONAME in values else None
        self.rpath, self.runpath = ([folder for folder in self.name(values.get(tag)).split(":") if folder]
                                    for tag in (DT_RPATH, DT_RUNPATH))
        self.default_folders = not values.get(DT_FLAGS_1, 0) & DF_1_NODEFLIB

    def name(self, offset):
        if offset is None:
            return ""
        begin, size = self.strings
        if offset >= size:
            raise Unfit("a name lies beyond its table of names: the file is damaged\nBuild or copy it again")
        return self.text(begin + offset, size - offset)

    def offset_of(self, address):
        for segment in self.segments:
            if segment.kind == PT_LOAD and segment.address <= address < segment.address + segment.size:
                return segment.offset + address - segment.address
        raise Unfit("its table of names is in no segment: the file is damaged\nBuild or copy it again")


Segment = collections.namedtuple("Segment", "kind offset address size")


def elf_in(tree, path, arch):
    """Of the file that PATH leads to in TREE."""
    content = tree.get(tree.resolve(path)).content
    if not isinstance(content, Slice):
        return Elf(lambda offset, size: content[offset:offset + size], len(content), arch)
    with content.open() as file:
        return Elf(lambda offset, size: os.pread(file.fileno(), min(size, content.size - offset), content.offset + offset),
                   content.size, arch)


def elf_at(path, arch):
    """Of a file of this host: no more of it is read than is asked for."""
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(file)
        if stat.S_ISDIR(status.st_mode):
            raise Unfit("Is a directory\nName the executable in it, or give the folder as the service's root (ROOT=, --root)")
        if not stat.S_ISREG(status.st_mode):
            raise Unfit("it is no regular file\nName a Linux executable")
        return Elf(lambda offset, size: os.pread(file, size, offset), status.st_size, arch)
    finally:
        os.close(file)


def found_in(path, pattern):
    """Where the file at PATH, which has an ELF header, has the regular expression PATTERN."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return re.findall(pattern, data)


def loader_folders(path):
    """The folders that the glibc loader at PATH looks in: they stand in its bytes one behind the other."""
    found = found_in(path, rb"(?:/(?:[\w.+-]+/)*?lib[\w.+-]*/(?:[\w.+-]+/)*\0)+")
    return [os.fsdecode(folder).rstrip("/") for folder in max(found, key=len, default=b"").split(b"\0") if folder]


class Host:
    """Where libraries come from: this machine's root, or a folder with one for another processor (a sysroot)."""

    def __init__(self, root, arch):
        self.root, self.arch = root, arch

    def real(self, path):
        """The file of this machine at the root's PATH, links followed within the root; None."""
        parts, done, links = path.split("/")[::-1], "/", 0
        while parts:
            part = parts.pop()
            if part in ("", "."):
                continue
            if part == "..":
                done = posixpath.dirname(done)
                continue
            here = posixpath.join(done, part)
            try:
                target = os.readlink(self.root + here)
            except OSError:
                done = here
                continue
            links += 1
            if links > 40:
                return None
            if target.startswith("/"):
                # A sysroot for a compiler may hold links to this machine's own paths.
                inside = os.path.relpath(target, self.root) if self.root and target.startswith(self.root + "/") else target
                done, target = "/", inside
            parts += target.split("/")[::-1]
        return self.root + done if os.path.isfile(self.root + done) else None

    def text(self, path):
        real = self.real(path)
        if not real:
            return ""
        try:
            with open(real, "rb") as file:
                return os.fsdecode(file.read(CONFIGURATION_MAX_BYTES))
        except OSError:
            return ""

    def configured(self, path="/etc/ld.so.conf", seen=None):
        """The folders of ld.so.conf, files that it includes too (ldconfig(8))."""
        seen = set() if seen is None else seen
        if path in seen or len(seen) >= INCLUDES_MAX:
            return
        seen.add(path)
        for line in self.text(path).splitlines():
            words = line.partition("#")[0].split()
            if words[:1] == ["include"]:
                for pattern in words[1:]:
                    pattern = posixpath.join(posixpath.dirname(path), pattern)
                    for name in sorted(glob.glob(glob.escape(self.root) + pattern)):
                        yield from self.configured(name[len(self.root):], seen)
            elif words and words[0] != "hwcap":
                yield from (folder.rstrip("/") for folder in re.split(r"[:,]", "".join(words)) if folder.startswith("/"))


class Loaded:
    """An executable or library, as the loader has it: NAME by which it was asked for, where it lies in its HOST (THERE) and in the
    guest (PATH), and BY whom it was asked for."""

    def __init__(self, name, host, there, path, elf, by=None):
        self.name, self.host, self.there, self.path, self.elf, self.by = name, host, there, path, elf, by


class Libraries:
    """Looks for the libraries of PROGRAM, a Loaded, and puts them into TREE."""

    def __init__(self, tree, host, program, loader):
        self.tree, self.host, self.program = tree, host, program
        self.loaded = [program, loader]
        self.musl = "ld-musl" in posixpath.basename(loader.path)
        if self.musl:
            named = f"/etc/{posixpath.basename(loader.path).partition('.')[0]}.path"
            listed = re.split(r"[:\n]", host.text(named).strip())
            if any(listed):
                tree.add_file(named, host.text(named).encode(errors="surrogateescape"))
            self.defaults = [folder for folder in listed if folder] or ["/lib", "/usr/local/lib", "/usr/lib"]
            self.configured = []
        else:
            self.defaults = loader_folders(host.real(loader.there)) or multiarch_folders(host.arch)
            self.configured = list(host.configured())
        multiarch = [folder for folder in self.defaults if f"{host.arch}-linux-" in folder]
        self.lib = f"lib/{posixpath.basename(multiarch[0])}" if multiarch else "lib64"

    def add_all(self):
        self.add_needed()
        libc = next((one for one in self.loaded if one.elf.soname == "libc.so.6"), None)
        if libc is None:
            return
        # What glibc opens while the program runs: to end a thread; before 2.34 for names of hosts and users.
        names = ["libgcc_s.so.1"]
        if not found_in(libc.host.real(libc.there), rb"\0GLIBC_2\.34\0"):
            names += ["libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"]
        for name in names:
            if self.find(name, libc)[0]:
                self.add(name, libc)
        self.add_needed()

    def add_needed(self):
        # Breadth first, as the loader goes; what it finds on the way is at the end of the list.
        for one in self.loaded:
            for name in one.elf.needed:
                self.add(name, one)

    def is_loaded(self, name):
        # musl is libc, libpthread and others in one (load_library() of its ldso/dynlink.c).
        return any(name in (one.name, one.elf.soname) for one in self.loaded) or (
            self.musl and name.startswith("lib") and name[3:].partition(".")[0] in "c pthread rt m dl util xnet".split()
            and "." in name)

    def add(self, name, by):
        if self.is_loaded(name):
            return
        found, looked = self.find(name, by)
        if not found:
            asked = "it needs" if by is self.program else f"its library {by.there} needs"
            raise Unfit(f"{asked} {name!r}, and there is none for {self.host.arch}; looked for as {', '.join(looked)}\n"
                        "Install the package that has it, or build the program static")
        if len(self.loaded) > LIBRARIES_MAX:
            raise Unfit(f"it needs more than {LIBRARIES_MAX} libraries\nBuild it static")
        put_file(self.tree, found.path, found.host.real(found.there))
        self.loaded.append(found)

    def find(self, name, by):
        """(Loaded or None, the paths that were looked at)."""
        looked = []
        for host, there, path in self.places(name, by):
            what = host.root + posixpath.normpath(there)
            real = host.real(there)
            if real:
                try:
                    elf = elf_at(real, host.arch)
                    if elf.kind == ET_DYN:
                        return Loaded(name, host, there, path, elf, by), looked
                    what += " (an executable)"
                except (Unfit, OSError) as error:
                    what += f" ({reason(error)})"
            looked.append(what)
        return None, list(dict.fromkeys(looked)) or [f"nothing: {by.there} names no folder"]

    def places(self, name, by):
        """(host, path in it, path in the guest) of each place in which the loader looks for NAME, in its order."""
        if "/" in name:
            yield from self.expanded(name, by)
            return
        for folders, of in self.run_paths(by):
            for folder in folders:
                yield from self.expanded(posixpath.join(folder, name), of)
        # The guest has no ld.so.cache, which comes first here: what it would name lies in a folder that the loader knows by itself.
        for folder in dict.fromkeys([*self.configured, *self.defaults]):
            if folder not in self.defaults:
                yield self.host, posixpath.join(folder, name), posixpath.join(self.defaults[0], name)
            elif by.elf.default_folders:
                yield self.host, posixpath.join(folder, name), posixpath.join(folder, name)

    def run_paths(self, by):
        """(folders, whose) of DT_RPATH and DT_RUNPATH: musl takes either from all who asked; for glibc DT_RPATH counts only
        without DT_RUNPATH and is inherited, DT_RUNPATH is not."""
        above = []
        one = by
        while one:
            above.append(one)
            one = one.by
        if self.musl:
            yield from ((one.elf.runpath or one.elf.rpath, one) for one in above)
            return
        if not by.elf.runpath:
            above += [] if self.program in above else [self.program]
            yield from ((one.elf.rpath, one) for one in above if not one.elf.runpath)
        yield by.elf.runpath, by

    def expanded(self, path, of):
        """(host, path in it, path in the guest) of PATH, which OF names; none when it is relative to where OF is started."""
        def with_origin(origin):
            words = {"ORIGIN": origin, "LIB": self.lib, "PLATFORM": self.host.arch}
            return re.sub(r"\$(?:\{(ORIGIN|LIB|PLATFORM)\}|(ORIGIN|LIB|PLATFORM)(?!\w))",
                          lambda match: words[match[1] or match[2]], path)

        there, laid = with_origin(posixpath.dirname(of.there)), with_origin(posixpath.dirname(of.path))
        if there.startswith("/"):
            yield of.host if "ORIGIN" in path else self.host, there, laid


def put_file(tree, path, real):
    """The host's file REAL at PATH; folders that PATH goes through and leaves by `..` are made as well."""
    folder = posixpath.dirname(path)
    steps = folder.split("/")
    if ".." in steps:
        for count in range(2, len(steps) + 1):
            tree.add_folder(posixpath.normpath("/".join(steps[:count])))
    tree.add_file(posixpath.normpath(path), Slice(real, 0, os.stat(real).st_size), 0o755)


def multiarch_folders(arch):
    return [f"/lib/{arch}-linux-gnu", f"/usr/lib/{arch}-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib"]


def host_of(real, interpreter, arch):
    """The Host whose INTERPRETER is for ARCH, and that one's Elf: the nearest folder around REAL, this machine, or what a cross
    compiler brings along."""
    around = [str(folder) for folder in pathlib.PurePath(real).parents if str(folder) != "/"]
    libc = "musl" if "musl" in interpreter else "gnu"
    looked = []
    for root in [*around, "", f"/usr/{arch}-linux-{libc}"]:
        host = Host(root, arch)
        loader = host.real(interpreter)
        try:
            # Nor is /usr a root where /lib is a link to /usr/lib.
            if loader and not (root in around and os.path.exists(interpreter) and os.path.samefile(loader, interpreter)):
                return host, elf_at(loader, arch)
            if root not in around:
                looked.append(root + interpreter)
        except (Unfit, OSError) as error:
            looked.append(f"{root}{interpreter} ({reason(error)})")
    raise Unfit(f"it is dynamic: it needs the loader {interpreter!r}, and there is none for {arch}; looked for as "
                f"{', '.join(looked)}, and in the folders around it\n"
                f"Install the C library for {arch}. Or build it static{STATIC.format(arch=arch)[len('Build it static'):]}")


def reason(error):
    """Of an OSError or Unfit, in a few words."""
    return error.strerror if isinstance(error, OSError) else str(error).partition("\n")[0]


def executable_at(path, arch):
    """The Elf of an executable of this host."""
    try:
        elf = elf_at(path, arch)
    except FileNotFoundError:
        raise Unfit("there is no such file\nName a Linux executable") from None
    except (OSError, ValueError) as error:
        raise Unfit(f"{getattr(error, 'strerror', None) or error}\nName a Linux executable") from None
    check_executable(elf, arch)
    return elf


def check_executable(elf, arch):
    if elf.entry == 0:
        raise Unfit(f"it is a shared library, not an executable\n{STATIC.format(arch=arch)}")


def name_of(path):
    """What the executable at PATH is called in the guest."""
    return re.sub(r"[^A-Za-z0-9._+-]", "-", posixpath.basename(str(path))) or "service"


def path_of(path):
    """Where the executable at PATH is in the guest."""
    return f"{FOLDER}/{name_of(path)}"


def read(path, arch, note=lambda text: None):
    """The tree of the executable at PATH for a guest of ARCH: itself in FOLDER, its loader, its libraries. What the user
    should know goes to NOTE(text)."""
    tree, laid = Tree(), path_of(path)
    try:
        elf = executable_at(path, arch)
        real = os.path.realpath(path)
        put_file(tree, laid, real)
        if elf.interpreter:
            add_libraries(tree, real, laid, elf, arch)
            if found_in(real, rb"\0dlopen\0"):
                note(f"{path}: it may open further libraries while it runs (dlopen); --file and FILES= take them along")
    except Unfit as unfit:
        what, _, mend = str(unfit).partition("\n")
        raise Refused(f"{path}: {what}.\n{mend}.") from None
    return tree


def add_libraries(tree, real, laid, elf, arch):
    host, loader = host_of(real, elf.interpreter, arch)
    put_file(tree, elf.interpreter, host.real(elf.interpreter))
    # A program need not lie in the root that its libraries come from.
    own = host if real.startswith(host.root + "/") else Host("", arch)
    program = Loaded(None, own, real[len(own.root):], laid, elf)
    name = posixpath.basename(elf.interpreter)
    Libraries(tree, host, program, Loaded(name, host, elf.interpreter, elf.interpreter, loader)).add_all()
