"""Unpacks the layers of a container image, one over the other, as the image specification says (image-spec, layer.md).

A layer is a tar archive: plain, or packed by gzip or Zstandard. A packed one is unpacked into a temporary folder, and
each file is a Slice of it; the folder is there as long as one of its slices. Nothing else is written."""

import gzip
import hashlib
import io
import itertools
import os
import shutil
import subprocess
import tempfile
import weakref
import zlib

from .tar import Reader
from .tree import CHUNK, FOLDER, SYMLINK, Refused, Slice, components, normalized, quoted

try:
    from compression import zstd    # Python 3.14
except ImportError:
    zstd = None

MAX_BYTES = 4 << 30         # of all layers, unpacked
MAX_MEMBERS = 500_000       # of all layers together
NOBODY = 65534
GZIP, ZSTD = b"\x1f\x8b", (b"\x28\xb5\x2f\xfd", *(bytes([low]) + b"\x2a\x4d\x18" for low in range(0x50, 0x60)))
OTHERS = {b"BZh": "bzip2", b"\xfd7zXZ\0": "xz"}
WHITEOUT, OPAQUE, ENGINES_OWN = ".wh.", ".wh..wh..opq", ".wh..wh."


def digest(part, algorithm):
    """ALGORITHM:HEX of the bytes of the Slice PART."""
    made = hashlib.new(algorithm)
    with part.open() as file:
        for chunk in part.chunks(file):
            made.update(chunk)
    return f"{algorithm}:{made.hexdigest()}"


class _Bytes(io.RawIOBase):
    """The bytes of a Slice as a file."""

    def __init__(self, part, file):
        super().__init__()
        self.file, self.left = file, part.size
        file.seek(part.offset)

    def readable(self):
        return True

    def readinto(self, room):
        data = self.file.read(min(len(room), self.left))
        self.left -= len(data)
        room[:len(data)] = data
        return len(data)


class _Folder:
    """A temporary folder that is there as long as this object."""

    def __init__(self):
        self.name = tempfile.mkdtemp(prefix="thimble-service-")
        weakref.finalize(self, shutil.rmtree, self.name, ignore_errors=True)


class Layers:
    """Unpacks layers, and counts what it leaves out."""

    def __init__(self):
        self.folder, self.bytes, self.members = None, 0, 0
        self.left_out, self.owners, self.capabilities = [], [], []

    def unpack(self, part, diff_id=None):
        """The Slice of the tar archive in the Slice PART, which has the digest DIFF_ID (where that is known)."""
        algorithm = diff_id.partition(":")[0] if diff_id else "sha256"
        try:
            unpacked, found = self._unpack(part, algorithm)
        except (zlib.error, EOFError, gzip.BadGzipFile) as error:
            raise Refused(f"its packed data is damaged: {error}") from None
        if diff_id and not found:
            self._count(part.size)
            found = digest(part, algorithm)
        if diff_id and found != diff_id:
            raise Refused(f"unpacked it has not the digest {diff_id} that the image's configuration says")
        return unpacked

    def _unpack(self, part, algorithm):
        """(Slice, its digest, or None where it is PART itself)."""
        with part.open() as file:
            begin = b"".join(part.chunks(file, 8))
            source = io.BufferedReader(_Bytes(part, file), CHUNK)
            if begin.startswith(GZIP):
                return self._keep(gzip.GzipFile(fileobj=source), algorithm)
            if begin.startswith(ZSTD):
                return self._unpack_zstd(source, algorithm)
        for magic, name in OTHERS.items():
            if begin.startswith(magic):
                raise Refused(f"it is packed by {name}: gzip, Zstandard and plain tar are taken; unpack it first")
        return part, None

    def _unpack_zstd(self, source, algorithm):
        if zstd:
            try:
                return self._keep(zstd.ZstdFile(source), algorithm)
            except zstd.ZstdError as error:
                raise Refused(f"its Zstandard data is damaged: {error}") from None
        program = shutil.which("zstd")
        if not program:
            raise Refused("it is packed by Zstandard, and this machine has no program `zstd`: install the package zstd")
        with self._file() as packed:
            shutil.copyfileobj(source, packed, CHUNK)
            packed.seek(0)
            child = subprocess.Popen([program, "-dcq"], stdin=packed, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            os.unlink(packed.name)
        with child:
            try:
                kept = self._keep(child.stdout, algorithm)
                said = child.stderr.read(4096).decode("utf-8", "replace").strip()
            except BaseException:
                child.kill()
                raise
        if child.returncode:
            raise Refused(f"its Zstandard data is damaged: {quoted(said)}")
        return kept

    def _file(self):
        if not self.folder:
            self.folder = _Folder()
        return tempfile.NamedTemporaryFile(dir=self.folder.name, delete=False)

    def _count(self, size):
        self.bytes += size
        if self.bytes > MAX_BYTES:
            raise Refused(f"the image is larger than {MAX_BYTES >> 30} GiB unpacked")

    def _keep(self, source, algorithm):
        """(Slice of all that SOURCE has, in a file of its own; its digest)."""
        made, size = hashlib.new(algorithm), 0
        with self._file() as file:
            while chunk := source.read(CHUNK):
                self._count(len(chunk))
                size += len(chunk)
                made.update(chunk)
                file.write(chunk)
        return Slice(file.name, 0, size, self.folder), f"{algorithm}:{made.hexdigest()}"

    def apply(self, tree, part):
        """Lays the tar archive in the Slice PART over TREE. A whiteout hides what the layers below have, wherever in
        the archive it stands."""
        members, hidden = [], []
        for member in Reader(part):
            self.members += 1
            if self.members > MAX_MEMBERS:
                raise Refused(f"the layers have more than {MAX_MEMBERS} entries")
            names = components(member.name)
            marked = [name for name in names if name.startswith(WHITEOUT)]
            if not marked:
                members.append(member)
            elif marked[0].startswith(ENGINES_OWN) and marked != [OPAQUE]:
                continue
            elif marked == names[-1:]:
                hidden.append(names)
            else:
                raise Refused(f"the name {quoted(member.name)} is below a whiteout")
        self._hide(tree, members, hidden)
        for member in members:
            self._add(tree, member)

    @staticmethod
    def _hide(tree, members, hidden):
        if not hidden:
            return
        # Where this layer has a folder of its own in a symbolic link's place, nothing lies below.
        folders = {normalized(member.name) for member in members if member.kind == "folder"}
        replaced = {path for path in folders if (entry := tree.get(path)) and entry.kind == SYMLINK}
        for *above, name in hidden:
            if replaced and any(path in replaced for path in itertools.accumulate(above, "{}/{}".format, initial="")):
                continue
            if name != OPAQUE:
                bare = name[len(WHITEOUT):]
                if bare in ("", ".", ".."):
                    raise Refused(f"the whiteout {quoted('/'.join([*above, name]))} hides nothing that can be")
                tree.remove("/".join([*above, bare]))
                continue
            path = tree.resolve("/" + "/".join(above))
            entry = path and tree.get(path)
            for child in list(entry.children) if entry and entry.kind == FOLDER else ():
                tree.remove(f"{path}/{child}")

    def _add(self, tree, member):
        path, owner = member.name, (member.uid, member.gid)
        if not all(0 <= number <= 65535 for number in owner):
            self.owners.append(f"{path} ({member.uid}:{member.gid})")
            owner = [number if 0 <= number <= 65535 else NOBODY for number in owner]
        if member.capabilities:
            self.capabilities.append(path)
        if member.kind == "folder":
            tree.add_folder(path, member.mode, *owner)
        elif member.kind == "file":
            tree.add_file(path, member.content, member.mode, *owner)
        elif member.kind == "symlink":
            tree.add_symlink(path, member.target, *owner)
        elif member.kind == "hard link":
            tree.add_hard_link(path, member.target)
        else:
            tree.remove(path)
            self.left_out.append(f"{path} ({member.kind})")

    def notes(self):
        """What was left out, a line of text each."""
        for what, found in (("devices and fifos are left out", self.left_out),
                            ("files have owners from 65536 on, and belong to 65534 instead", self.owners),
                            ("programs lose their file capabilities", self.capabilities)):
            if found:
                yield f"{what}: {len(found)}, {quoted(found[0])}{' and others' * (len(found) > 1)}"
