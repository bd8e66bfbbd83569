"""A service in its box, without a guest: tests/lib/box_harness.c does PID 1's part, over a root in a tmpfs."""

import contextlib
import json
import signal
import subprocess
import threading

from records import read_record
from tree import BUILD, HERE, HOST_BIN
from waiting import wait_until

# The host's programs are in the root; its own /etc, /srv and so on are the test's.
SCRIPT = """set -eu
mount --make-rprivate /
mount --bind "$PASSWD" /etc/passwd
mkdir -p "$ROOT"
mount -t tmpfs -o mode=755 root "$ROOT"
cp -a "$FILES/." "$ROOT/"
chown -R --no-dereference "$OWNER" "$ROOT"
mkdir -p "$ROOT/usr"
for name in bin sbin lib lib64; do ln -s usr/$name "$ROOT/$name"; done
mount --bind /usr "$ROOT/usr"
exec "$HARNESS" "$DESCRIPTION"
"""
PRELUDE = """
import ctypes, errno, json, os, pathlib, signal, socket, subprocess, sys, syslog, time
libc = ctypes.CDLL(None, use_errno=True)
def tell(**what):
    print(json.dumps(what), flush=True)
def tried(function, *arguments):
    "What FUNCTION gives, or the name of its error."
    try:
        return function(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
def called(name, *arguments):
    return 0 if getattr(libc, name)(*arguments) == 0 else errno.errorcode[ctypes.get_errno()]
"""


class Box:
    """CODE is Python that runs as the service; it has PRELUDE before it. FILES of the image: {"/path": text}; LINKS: {"/path":
    target}. The keys of the description are DESCRIPTION; dots in them are written __."""

    def __init__(self, folder, code="", files=None, links=None, available=1 << 30, settings="", **description):
        self.folder = folder
        self.run = folder / "run"
        root = folder / "root"
        first = 0 if description.get("users") == "one" else 65536
        keys = {"name": "probe", "service": "probe", "root": root, "file": "/usr/bin/python3", "command.1": "python3",
                "command.2": "-c", "command.3": "import sys; exec(open('/srv/probe.py').read())", "env.1": "PATH=/usr/bin:/bin", "root_bytes": 1 << 24}
        keys |= {key.replace("__", "."): value for key, value in description.items()}
        self._write("description", "".join(f"{key}={value}\n" for key, value in keys.items()))
        (folder / "files").mkdir()
        for path, text in {"/srv/probe.py": PRELUDE + code, **(files or {})}.items():
            self._write(f"files{path}", text)
        for path, target in (links or {}).items():
            link = folder / f"files{path}"
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(target)
        self.run.mkdir()
        self.lines = []
        self.process = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", SCRIPT], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "THIMBLE_RUN": str(self.run), "ROOT": str(root), "AVAILABLE_BYTES": str(available), "SETTINGS": settings,
                 "PASSWD": str(HERE / BUILD / "etc/passwd"), "FILES": str(folder / "files"), "HARNESS": str(HOST_BIN / "box-harness"),
                 "DESCRIPTION": str(folder / "description"), "OWNER": f"{first}:{first}", "ASAN_OPTIONS": "detect_leaks=0"})
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def said(self, by="out"):
        return [line.partition(" ")[2] for line in self.lines if line.startswith(f"{by} ")]

    def told(self, count=1):
        """What tell() told the COUNT-th time."""
        return json.loads(wait_until(lambda: self.said()[count - 1], 30, f"{count} lines of the service", self.shown))

    def record(self):
        return read_record(self.run, "init", "service")

    def wait_record(self, **expected):
        wait_until(lambda: all(self.record().get(key) == value for key, value in expected.items()), 30,
                   f"the record has {expected}", self.shown)
        return self.record()

    def wait_line(self, text, by="init"):
        return wait_until(lambda: [line for line in self.said(by) if text in line][0], 30, f"{by}: {text}", self.shown)

    def restart(self):
        self.process.send_signal(signal.SIGHUP)

    def shown(self):
        return "\n".join([*self.lines, str(dict(self.record()))])

    def exhibits(self):
        return [("the box", self.shown())]

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        self.process.kill()
        self.process.wait()
        self.reader.join()
