"""The files of a root in memory, and the cpio archive that the kernel unpacks (init/initramfs.c).

Names are text; bytes that are not UTF-8 are kept by surrogateescape. A name may hold any byte but NUL and "/", so a
line break too: the archive carries it. A tree refuses what the kernel could not unpack: names over 255 bytes, paths and
links' targets over 4095, and so on. "/" is always the tree's own: no link leads out of it."""

import collections
import os
import stat

FOLDER, FILE, SYMLINK = "folder", "file", "symlink"
MAX_NAME, MAX_PATH = 255, 4095
MAX_ENTRIES = 200_000
MAX_LINKS = 40              # as the kernel (MAXSYMLINKS)
MAX_STEPS = 1024            # components looked at for one path, those of its links counted
MAX_FILE = 0xffffffff       # eight hexadecimal digits in the archive
PAGE = 4096
CHUNK = 1 << 20
TRAILER = "TRAILER!!!"


class Refused(Exception):
    """What is wrong and how to mend it, in words for the user."""


class Slice:
    """SIZE bytes from OFFSET of the host's file PATH, read when they are written.

    SOURCE lives as long as the slice: the temporary folder of the file. IDENTITY, (st_dev, st_ino), is what PATH
    itself, no link, must still be when it is opened."""

    __slots__ = ("path", "offset", "size", "source", "identity")

    def __init__(self, path, offset, size, source=None, identity=None):
        self.path, self.offset, self.size, self.source, self.identity = path, offset, size, source, identity

    def open(self):
        try:
            flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (os.O_NOFOLLOW if self.identity else 0)
            file = open(os.open(self.path, flags), "rb", buffering=0)
        except OSError as error:
            raise Refused(f"{quoted(self.path)} cannot be read: {error.strerror}") from None
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or self.identity not in (None, (status.st_dev, status.st_ino)):
            file.close()
            raise Refused(f"{quoted(self.path)} is no longer the file that it was: try again")
        return file

    def chunks(self, file, size=None):
        """Its bytes, or the first SIZE of them, in pieces; FILE is what open() gave."""
        file.seek(self.offset)
        left = self.size if size is None else min(size, self.size)
        while left:
            chunk = file.read(min(left, CHUNK))
            if not chunk:
                raise Refused(f"{quoted(self.path)} has become shorter while it was read: try again")
            left -= len(chunk)
            yield chunk


class Entry:
    """KIND is FOLDER, FILE or SYMLINK. A file has CONTENT (bytes or Slice), a symbolic link a TARGET, a folder CHILDREN
    by name. SIZE is the bytes of content or target. The hard links of a file share one entry."""

    __slots__ = ("kind", "mode", "uid", "gid", "content", "target", "children", "size")

    def __init__(self, kind, mode, uid, gid, content=None, target=None):
        self.kind, self.mode, self.uid, self.gid = kind, mode & 0o7777, uid, gid
        self.content, self.target = content, target
        self.children = {} if kind == FOLDER else None
        self.size = 0
        if kind == FILE:
            self.size = content.size if isinstance(content, Slice) else len(content)
        elif kind == SYMLINK:
            self.size = len(encoded(target))

    def __repr__(self):
        return f"<{self.kind} {self.mode:o} {self.uid}:{self.gid} {self.size} bytes>"


def quoted(name):
    """NAME, or whatever stands in its place, as a message shows it: short, and without control characters."""
    if isinstance(name, bytes):
        name = name.decode("utf-8", "surrogateescape")
    try:
        text = repr(name)
    except RecursionError:
        text = "..."
    return text if len(text) <= 200 else f"{text[:120]}...{text[-40:]}"


def encoded(name):
    try:
        return name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise Refused(f"the name {quoted(name)} is not text in UTF-8") from None


def components(path):
    """The names in PATH, which is taken from the root whether it begins with "/" or not."""
    if not path:
        raise Refused("a path is empty")
    if "\0" in path:
        raise Refused(f"the path {quoted(path)} has a NUL in it")
    if len(encoded(path)) > MAX_PATH:
        raise Refused(f"the path {quoted(path)} is longer than {MAX_PATH} bytes")
    names = [name for name in path.split("/") if name not in ("", ".")]
    for name in names:
        if name == "..":
            raise Refused(f"the path {quoted(path)} has .. in it")
        if len(name) * 4 > MAX_NAME and len(encoded(name)) > MAX_NAME:
            raise Refused(f"the path {quoted(path)} has a name longer than {MAX_NAME} bytes")
    if len(names) > MAX_STEPS:
        raise Refused(f"the path {quoted(path)} is deeper than {MAX_STEPS} folders")
    return names


def normalized(path):
    """PATH as a tree has it: absolute, no "." in it, no "/" at its end."""
    return "/" + "/".join(components(path))


class Tree:
    """The files of a root, by path. "/" is there from the start.

    Where a folder on the way to a path is a symbolic link, add_*() and remove() go where it leads within the tree, as
    container engines do; get() follows no link at all, resolve() and read() follow each."""

    def __init__(self):
        self.root = Entry(FOLDER, 0o755, 0, 0)
        self.count = 1
        self.notes = []     # what the user should know of it: text

    def add_folder(self, path, mode=0o755, uid=0, gid=0):
        """A folder that is there keeps what is in it and has this mode and owner from now on."""
        names = components(path)
        entry = self.root if not names else None
        if names:
            parent = self._parent(path, names)
            entry = parent.children.get(names[-1])
        if entry is not None and entry.kind == FOLDER:
            entry.mode, entry.uid, entry.gid = mode & 0o7777, uid, gid
        else:
            self._put(parent, names[-1], Entry(FOLDER, mode, uid, gid))

    def add_file(self, path, content, mode=0o644, uid=0, gid=0):
        """CONTENT is bytes, or a Slice."""
        entry = Entry(FILE, mode, uid, gid, content=content)
        if entry.size > MAX_FILE:
            raise Refused(f"the file {quoted(path)} is larger than {MAX_FILE} bytes")
        self._add(path, entry)

    def add_symlink(self, path, target, uid=0, gid=0):
        """TARGET may lead anywhere, and to nothing."""
        if not target or "\0" in target or len(encoded(target)) > MAX_PATH:
            raise Refused(f"the symbolic link {quoted(path)} has the target {quoted(target)}: 1 to {MAX_PATH} bytes"
                          " without NUL are possible")
        self._add(path, Entry(SYMLINK, 0o777, uid, gid, target=target))

    def add_hard_link(self, path, existing):
        names = components(existing)
        parent = self._follow(names[:-1])
        entry = parent and parent.kind == FOLDER and names and parent.children.get(names[-1])
        if not entry or entry.kind == FOLDER:
            raise Refused(f"the hard link {quoted(path)} leads to {quoted(existing)}, which is"
                          f" {'a folder' if entry or not names else 'not there'}")
        self._add(path, entry)

    def remove(self, path):
        """Removes what is at PATH and below. Whether there was something."""
        names = components(path)
        if not names:
            raise Refused("the root itself cannot be removed")
        parent = self._follow(names[:-1])
        if parent is None or parent.kind != FOLDER or names[-1] not in parent.children:
            return False
        self.count -= self._size(parent.children.pop(names[-1]))
        return True

    def get(self, path):
        """The entry at PATH, no symbolic link followed, or None."""
        entry = self.root
        for name in components(path):
            entry = entry.children.get(name) if entry.kind == FOLDER else None
            if entry is None:
                return None
        return entry

    def resolve(self, path):
        """PATH after all symbolic links, or None where there is nothing (or a loop)."""
        trail = self._trail(components(path))
        return None if trail is None else "/" + "/".join(name for name, _ in trail[1:])

    def read(self, path, size=None):
        """The content, or its first SIZE bytes, of the file that PATH leads to."""
        entry = self._follow(components(path))
        if entry is None or entry.kind != FILE:
            raise Refused(f"{quoted(path)} is {'a folder' if entry else 'not there'}: it must be a file")
        if not isinstance(entry.content, Slice):
            return bytes(entry.content[:size])
        with entry.content.open() as file:
            return b"".join(entry.content.chunks(file, size))

    def walk(self, below=""):
        """(path, entry) of all, sorted, each folder before what is in it; BELOW is put before each path."""
        stack = [(below, self.root)]
        while stack:
            path, entry = stack.pop()
            yield path or "/", entry
            if entry.children:
                stack += [(f"{path}/{name}", entry.children[name]) for name in sorted(entry.children, reverse=True)]

    def unpacked_bytes(self):
        """What the files take in a tmpfs: pages, and 1 KiB each for names and inodes."""
        files = {id(entry): entry.size for _, entry in self.walk() if entry.kind != FOLDER}
        return self.count * 1024 + sum(-(-size // PAGE) * PAGE for size in files.values())

    def _trail(self, names, make=None):
        """[(name, entry)] from the root to what NAMES lead to, links followed; None where there is nothing.

        MAKE, a path: missing folders are made, and what cannot be a folder is refused in MAKE's name."""
        trail, todo = [("", self.root)], list(reversed(names))
        links = steps = 0
        while todo:
            name = todo.pop()
            steps += 1
            if steps > MAX_STEPS or links > MAX_LINKS:
                if make:
                    raise Refused(f"the path {quoted(make)} goes through too many symbolic links")
                return None
            folder = trail[-1][1]
            if folder.kind != FOLDER:
                if make:
                    raise Refused(f"the path {quoted(make)} goes through {quoted(trail[-1][0])}, which is a file")
                return None
            if name in ("", "."):
                continue
            if name == "..":
                del trail[max(1, len(trail) - 1):]
                continue
            entry = folder.children.get(name)
            if entry is None:
                if not make:
                    return None
                if len(encoded(name)) > MAX_NAME:
                    raise Refused(f"the path {quoted(make)} leads to a name longer than {MAX_NAME} bytes")
                entry = Entry(FOLDER, 0o755, 0, 0)
                self._put(folder, name, entry)
            if entry.kind == SYMLINK:
                links += 1
                if entry.target.startswith("/"):
                    del trail[1:]
                todo += reversed(entry.target.split("/"))
            else:
                trail.append((name, entry))
        return trail

    def _follow(self, names):
        trail = self._trail(names)
        return None if trail is None else trail[-1][1]

    def _parent(self, path, names):
        trail = self._trail(names[:-1], make=path)
        name, parent = trail[-1]
        if parent.kind != FOLDER:
            raise Refused(f"the path {quoted(path)} goes through {quoted(name)}, which is a file")
        if sum(len(encoded(name)) + 1 for name, _ in trail[1:]) + len(encoded(names[-1])) + 1 > MAX_PATH:
            raise Refused(f"the path {quoted(path)} leads to one longer than {MAX_PATH} bytes")
        return parent

    def _add(self, path, entry):
        names = components(path)
        if not names:
            raise Refused("the root itself must be a folder")
        self._put(self._parent(path, names), names[-1], entry)

    def _put(self, parent, name, entry):
        old = parent.children.get(name)
        if old is entry:
            return
        if old is not None:
            self.count -= self._size(old)
        if self.count >= MAX_ENTRIES:
            raise Refused(f"there are more than {MAX_ENTRIES} files and folders")
        parent.children[name] = entry
        self.count += self._size(entry)

    @staticmethod
    def _size(entry):
        """How many entries it is, with all below it."""
        count, stack = 0, [entry]
        while stack:
            entry = stack.pop()
            count += 1
            stack += (entry.children or {}).values()
        return count


def build_time():
    """The one time of all files: SOURCE_DATE_EPOCH, or the tree's own."""
    text = os.environ.get("SOURCE_DATE_EPOCH") or "1767225600"
    if not text.isascii() or not text.isdigit() or int(text) > 0xffffffff:
        raise Refused(f"SOURCE_DATE_EPOCH={quoted(text)} is not a number of seconds from 0 to {0xffffffff}")
    return int(text)


def write_archive(out, members, owner, guests=()):
    """Writes the cpio archive ("newc") of MEMBERS, (path, entry) as walk() has them, to the binary file OUT.

    OWNER turns (uid, gid) of an entry into those of the guest. GUESTS are members whose owners are the guest's already;
    they come first. Folders must come before what is in them; the root itself is left out, as the guest has one."""
    groups = [(list(guests), lambda uid, gid: (uid, gid)), (list(members), owner)]
    archive = _Archive(out, (entry for group, _ in groups for _, entry in group))
    try:
        for group, owner_of in groups:
            for path, entry in group:
                if path != "/":
                    archive.add(path.strip("/"), entry, owner_of(entry.uid, entry.gid))
        archive.header(TRAILER, 0, 0, (0, 0), 1, 0)
    finally:
        archive.close()


class _Archive:
    """The kernel makes a hard link of each file that has the inode number of an earlier one, where both say that there
    are several links: the first carries the content."""

    KINDS = {FOLDER: stat.S_IFDIR, FILE: stat.S_IFREG, SYMLINK: stat.S_IFLNK}

    def __init__(self, out, entries):
        self.out, self.mtime = out, build_time()
        self.links = collections.Counter(id(entry) for entry in entries if entry.kind == FILE)
        self.inodes, self.last = {}, 0
        self.folders = {""}
        self.opened = self.file = None

    def close(self):
        if self.file:
            self.file.close()

    def add(self, name, entry, owner):
        folder = name.rpartition("/")[0]
        if folder not in self.folders:
            raise ValueError(f"the folder of {name} does not come before it")
        if name == TRAILER:
            raise Refused(f"a file of the root cannot be named {TRAILER}: the name ends an archive")
        if entry.kind == FOLDER:
            self.folders.add(name)
        links = self.links.get(id(entry), 1)
        inode = self.inodes.get(id(entry))
        size = entry.size if inode is None else 0
        if inode is None:
            inode = self.last = self.last + 1
            if links > 1:
                self.inodes[id(entry)] = inode
        self.header(name, inode, self.KINDS[entry.kind] | entry.mode, owner, links, size)
        for chunk in self.content(entry) if size else ():
            self.out.write(chunk)
        self.out.write(b"\0" * (-size % 4))

    def content(self, entry):
        if entry.kind == SYMLINK:
            return [encoded(entry.target)]
        if not isinstance(entry.content, Slice):
            return [entry.content]
        key = entry.content.path, entry.content.identity
        if key != self.opened:      # the slices of one layer are in one file
            self.close()
            self.file, self.opened = entry.content.open(), key
        return entry.content.chunks(self.file)

    def header(self, name, inode, mode, owner, links, size):
        path = encoded(name) + b"\0"
        if len(path) > MAX_PATH + 1:
            raise Refused(f"the path {quoted(name)} is longer than {MAX_PATH} bytes in the guest")
        fields = inode, mode, *owner, links, self.mtime, size, 0, 0, 0, 0, len(path), 0
        if not all(0 <= field <= 0xffffffff for field in fields):
            raise Refused(f"the archive cannot carry owner and size of {quoted(name)}: {owner[0]}:{owner[1]}, {size}"
                          " bytes")
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + path
        self.out.write(head + b"\0" * (-len(head) % 4))
