"""Whatever call of PID 1 or of what it forks fails, its children run, its records tell, and requests are heard."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess

from dhcpcd import need_users
from netns import Namespace
from nth import BIN, Scenario
from users import FOLDER

CHILDREN = "console", "link", "dhcpcd", "net", "log", "resolver", "agent", "web", "clock"
IDLE = """#!/bin/bash
exec -a "${0##*/}" sleep 1000
"""
# Init's own lines go to a file.
LOG = """#!/bin/bash
for output; do
	case $output in init:*) fd=${output#init:};; esac
done
while sleep 0.1; do cat <&$fd >>/lines 2>/dev/null; done
"""
SCRIPT = """set -eu
mount --make-rprivate /
mount --bind "$ROOT" "$ROOT"
cd "$ROOT"
mount --bind /usr usr
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,ro,bind proc/sys
for device in null zero random urandom; do touch dev/$device; mount --bind /dev/$device dev/$device; done
exec chroot . /bin/init
"""


class InitScenario(Scenario):
    program = "init"
    ends = -signal.SIGINT  # what the kernel makes of the end of a namespace's first process by RB_POWER_OFF
    gives_up = ()

    def __init__(self, keep):
        need_users()
        self.box = keep(Namespace("box"))

    def begin(self, run):
        root = run.folder / "root"
        for name in ("bin", "etc/thimble", "dev", "proc", "sys", "tmp", "usr", "home/service", "run/thimble/init",
                     "run/thimble/log"):
            (root / name).mkdir(parents=True)
        for name, to in (("lib", "usr/lib"), ("lib64", "usr/lib64"), ("sbin", "bin")):
            (root / name).symlink_to(to)
        (root / "bin/bash").symlink_to("/usr/bin/bash")
        for name in (*CHILDREN, "service"):
            (root / "bin" / name).write_text(LOG if name == "log" else IDLE)
            (root / "bin" / name).chmod(0o755)
        shutil.copy(BIN / "init", root / "bin/init")
        for name in ("passwd", "group"):
            shutil.copy(FOLDER / name, root / "etc" / name)
        (root / "etc/thimble/appliance").write_text("name=test\nversion=1\narch=x86_64\nservice=daemon\nports=1688/tcp\n")
        (root / "etc/thimble/settings.conf").touch()
        (root / "etc/dhcpcd.conf").touch()
        run.lines_file = root / "lines"
        run.lines_file.touch()
        run.lines_file.chmod(0o666)
        run.run_dir.rmdir()
        run.run_dir = root / "run/thimble"
        run.notes = root / "nth"
        run.start("unshare", "--mount", "--uts", "--pid", "--ipc", "--fork", "--kill-child", "sh", "-c", SCRIPT, namespace=self.box,
                  env={"ROOT": str(root), "THIMBLE_RUN": "/run/thimble", "NTH_FILE": "/nth", "PATH": os.environ["PATH"],
                       "ASAN_OPTIONS": "log_path=/sanitizer", "UBSAN_OPTIONS": "log_path=/sanitizer"})

    def ready(self, run):
        if run.pid is None:
            run.pid = int(pathlib.Path(f"/proc/{run.child.pid}/task/{run.child.pid}/children").read_text())
        return all(run.record("init", name).get("state") == "running" for name in self.wanted(run))

    @staticmethod
    def wanted(run):
        """What is to run: no service where it is not known which, no page where a setting that could not be read may forbid it."""
        wanted = ["child.net", "child.log"]
        if "/etc/thimble/appliance: " not in run.lines_file.read_text():
            wanted.append("service")
        if run.record("init", "config").get("status-port") != "0":
            wanted.append("child.web")
        return wanted

    def ask(self, run, request):
        folder = os.open(run.run_dir, os.O_PATH)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
                connection.settimeout(1)
                connection.connect(f"/proc/self/fd/{folder}/control")
                connection.sendall(request.encode())
                answer = connection.recv(128).decode()
                assert answer == "ok", answer
        finally:
            os.close(folder)

    @staticmethod
    def find(run, name):
        """The process that NAME is, as seen from here."""
        for child in pathlib.Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split():
            if pathlib.Path(f"/proc/{child}/cmdline").read_bytes().startswith(name.encode() + b"\0"):
                return int(child)
        raise LookupError(name)

    def same(self, found, plain):
        """Without a service there are fewer."""
        return all(count <= plain[kind] for kind, count in found.items())

    def job(self, run):
        """A child that dies and the service that is to start anew both run again."""
        names = [name for name in ("child.net", "service") if name in self.wanted(run)]
        run.until(lambda: [self.find(run, name.removeprefix("child.")) for name in names], 40, "both run")
        starts = {name: run.record("init", name).number("starts") for name in names}
        os.kill(self.find(run, "net"), signal.SIGKILL)
        if "service" in names:
            self.ask(run, "restart-service")

        def again():
            records = {name: run.record("init", name) for name in names}
            return all(records[name]["state"] == "running" and records[name].number("starts") > starts[name] for name in names)
        run.until(again, 10, "both run again")
        assert "service" not in names or run.record("init", "system")["appliance"] == "test"
        for name in names:
            self.find(run, name.removeprefix("child."))

    def end(self, run):
        run.until(lambda: run.child.poll() is not None or self.ask(run, "poweroff") or True, 10, "poweroff", lives=False)

    def clean(self, run):
        run.log.open("ab").write(run.lines_file.read_bytes())
        subprocess.run(["rm", "-rf", run.folder / "root/bin"], check=True)


def test_a_call_fails(campaign, call):
    campaign(InitScenario, call)
