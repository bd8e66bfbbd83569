"""tools/thimble-service as a user runs it, and what the archive that it makes has in it."""

import gzip
import lzma
import subprocess

import cpio
from tree import HERE

TOOL = HERE / "tools/thimble-service"
FIRST_ID = 65536  # of a namespace


class Packed:
    """MEMBERS {path: cpio.File}, ROWS of the description, SETTINGS; what was said."""

    def __init__(self, data, stdout, stderr):
        plain = lzma.decompress(data) if data.startswith(b"\xfd7zXZ") else gzip.decompress(data)
        self.data, self.members, self.stdout, self.stderr = data, cpio.read(plain), stdout, stderr
        lines = self.members["etc/thimble/service"].content.decode().splitlines()
        self.rows = dict(line.split("=", 1) for line in lines)
        assert len(self.rows) == len(lines), f"a key stands twice in {lines}"
        self.settings = self.members["etc/thimble/settings.conf"].content.decode()

    def list(self, key):
        return [self.rows[f"{key}.{number}"] for number in range(1, 999) if f"{key}.{number}" in self.rows]

    def env(self):
        return dict(row.split("=", 1) for row in self.list("env"))

    def places(self):
        return {place.split()[0]: " ".join(place.split()[1:]) for place in self.list("place")}

    def file(self, path):
        """Of the service's root."""
        return self.members[f"service{path}".rstrip("/")]

    def owned(self, path):
        """(mode, uid, gid) as the service sees them."""
        file = self.file(path)
        return file.mode & 0o7777, file.uid - FIRST_ID, file.gid - FIRST_ID


class Packer:
    """Runs it in FOLDER."""

    def __init__(self, folder):
        self.folder = folder

    def run(self, *words):
        done = subprocess.run([TOOL, *words], cwd=self.folder, capture_output=True, text=True)
        assert "Traceback" not in done.stderr and done.returncode in (0, 1), f"status {done.returncode}: {done.stderr}"
        return done

    def pack(self, *words):
        out = self.folder / "archive.out"
        done = self.run(*words, "--archive-out", out)
        assert done.returncode == 0, done.stderr
        return Packed(out.read_bytes(), done.stdout, done.stderr)

    def refuses(self, *words):
        """What it says."""
        out = self.folder / "archive.out"
        out.unlink(missing_ok=True)
        done = self.run(*words, "--archive-out", out)
        assert done.returncode == 1 and not out.exists() and done.stdout == "", f"expected a refusal of {words}, got: {done}"
        return done.stderr
