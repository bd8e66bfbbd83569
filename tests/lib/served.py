"""A row of tests/services/services.py: its image made, started, asked by its client, and what that took."""

import contextlib
import fcntl
import json
import os
import re
import shlex
import subprocess
import time

from debs import CACHE
from guest import TREE
from media import FIRMWARES, boot_options, image
from tree import KEPT_ENVIRONMENT

RESULTS = CACHE / "results"
# As make calls what tools/thimble-service does.
MAKE_WORDS = {"file": "FILES", "user": "RUN_AS"}
BUILD_DEADLINE_S = 300
# The most that a service may take until it is ready, in emulation and beside other tests.
READY_S = 240


class Client:
    """Asks the service in GUEST, which has the address HOST, from LAN."""

    def __init__(self, lan, guest, host, folder):
        self.lan, self.guest, self.host, self.folder = lan, guest, host, folder
        folder.mkdir()

    def run(self, *argv, check=True):
        return self.lan.run(*argv, check=check, timeout=180)

    def curl(self, url, *more):
        return self.run("curl", "--silent", "--show-error", "--fail", "--max-time", "60", *more, url.format(host=self.host))


def make_image(service, folder):
    """(the image's file, what the command printed, seconds that it took)."""
    path, options = service.source(folder)
    suffix = service.start.suffix
    if service.by == "make":
        words = {MAKE_WORDS.get(key, key.upper()): "1" if value is True else value for key, value in options.items()}
        argv = ["make", "image" if suffix == "efi" else suffix, f"{service.kind.upper()}={path}", f"OUT={folder}/out",
                *(f"{key}={value}" for key, value in words.items())]
    else:
        (folder / "out").mkdir()
        argv = [TREE / "tools/thimble-service", image(suffix, "slot"), f"--{service.kind}", path, "--output",
                folder / f"out/new.{suffix}", *tool_words(options)]
    environment = {key: value for key, value in os.environ.items() if key in KEPT_ENVIRONMENT}
    with one_at_a_time():
        began = time.monotonic()
        done = subprocess.run(argv, cwd=TREE, env=environment, capture_output=True, text=True, timeout=BUILD_DEADLINE_S)
    seconds = time.monotonic() - began
    assert done.returncode == 0, f"{shlex.join(map(str, argv))}: status {done.returncode}:\n{done.stdout}{done.stderr}"
    made, = (folder / "out").glob(f"*.{suffix}")
    return made, done.stdout, seconds


@contextlib.contextmanager
def one_at_a_time():
    """Two makes in one tree would write the same files."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def tool_words(options):
    for key, value in options.items():
        yield f"--{key.replace('_', '-')}"
        if value is not True:
            yield value


def memory_needed(service, printed, made):
    """Megabytes, as the command says."""
    if "needs" not in printed:  # what make says of a disk; the kernel in it is the same
        printed = subprocess.run([TREE / "tools/thimble-service", "--show", made], capture_output=True, text=True, check=True).stdout
    direct, uefi, full = re.search(r"(\d+) MB of memory, (\d+) with UEFI(?:, (\d+) when)?", printed).groups()
    return max(int(uefi if service.start.firmware == "uefi" else direct), int(full or 0) if service.full else 0)


def serve(service, lan, boot, folder):
    """Makes it, starts it, asks it. Returns what was measured."""
    made, printed, seconds = make_image(service, folder)
    options = boot_options(made, service.start.plugged, service.start.firmware, folder)
    options["memory_mb"] = memory_needed(service, printed, made)
    guest = boot(lan, **options, upstream=None, columns=180)
    host = guest.wait_address(r"192\.0\.2\.\d+", FIRMWARES[service.start.firmware].boot_s * 2)
    guest.wait_screen(r"Ready: ", READY_S)
    client = Client(lan, guest, host, folder / "client")
    service.client(client)
    status = json.loads(client.curl(f"http://{{host}}:{status_port(guest)}/status.json"))
    return {"name": service.name, "kind": service.kind, "by": service.by, "start": list(service.start), "bytes": made.stat().st_size,
            "memory_mb": options["memory_mb"], "seconds": round(seconds, 1),
            "free_mb": round(find(status, "memory_available_bytes") / (1 << 20))}


def status_port(guest):
    found = re.search(r"https?://[^/\s:]+(?::(\d+))?/", guest.screen())
    return found[1] or 80 if found else 80


def find(value, key):
    """The first KEY anywhere in VALUE."""
    if isinstance(value, dict):
        if key in value:
            return value[key]
        value = list(value.values())
    return next((found for one in value if (found := find(one, key)) is not None), None) if isinstance(value, list) else None


def record(measured):
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{measured['name']}.json").write_text(json.dumps(measured) + "\n")
