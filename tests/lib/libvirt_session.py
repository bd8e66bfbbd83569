"""libvirt's session daemon, with folders of its own: nothing of the user's libvirt is touched."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from terminal import Terminal
from waiting import wait_until

# libvirt serves a session only to one who is not root: in a user namespace anybody is somebody else, with the same rights.
NOBODY = ["unshare", "--user", "--map-user=65534", "--map-group=65534", "--"]
START_S = 60  # it asks QEMU what it can do
COMMAND_S = 60


class Session:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        # Sockets lie below it, whose paths may not be long.
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="libvirt", dir="/run"))
        (self.home / "run").mkdir(mode=0o700)
        self.environment = {
            "PATH": f"{os.environ['PATH']}:/usr/sbin", "LC_ALL": "C", "TERM": "xterm", "HOME": str(self.home),
            "XDG_RUNTIME_DIR": str(self.home / "run"), "XDG_CONFIG_HOME": str(self.home / "config"),
            "XDG_CACHE_HOME": str(self.home / "cache"), "LIBVIRT_DEFAULT_URI": "qemu:///session",
            "LIBVIRT_AUTOSTART": "0"}
        program = next((path for name in ("libvirtd", "virtqemud") if (path := shutil.which(name, path=self.environment["PATH"]))), None)
        assert program, "neither libvirtd nor virtqemud is installed"
        self.program = program
        self.log = self.folder / "libvirtd.log"
        self.domains = []
        try:
            self.start()
        except AssertionError:
            self.close()
            raise

    def start(self):
        with open(self.log, "ab") as log:
            self.daemon = subprocess.Popen([*NOBODY, self.program], env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(lambda: self.run("uri").returncode == 0, START_S, "that the daemon answers", lambda: self.run("uri").stderr)

    def stop(self):
        self.daemon.send_signal(signal.SIGTERM)
        try:
            self.daemon.wait(10)
        except subprocess.TimeoutExpired:
            self.daemon.kill()
            self.daemon.wait()

    def restart(self):
        """The guests stay."""
        self.stop()
        self.start()

    def run(self, *words):
        return subprocess.run([*NOBODY, "virsh", *map(str, words)], env=self.environment, capture_output=True, text=True,
                              timeout=COMMAND_S, check=False)

    def virsh(self, *words):
        """Must succeed; what it said."""
        run = self.run(*words)
        assert run.returncode == 0, f"virsh {' '.join(map(str, words))}: {run.stdout}{run.stderr}"
        return run.stdout

    def define(self, text):
        """The name of the domain that TEXT is."""
        path = self.folder / "domain.xml"
        path.write_text(text)
        name = self.virsh("define", "--validate", path).split("'")[1]
        self.domains.append(name)
        return name

    def undefine(self, name):
        self.virsh("undefine", "--nvram", name)
        self.domains.remove(name)

    def state(self, name):
        return self.virsh("domstate", name).strip()

    def shutdown(self, name, *words, deadline_s):
        """`virsh shutdown`, until the domain is off. When QEMU has ended before libvirt's thread that waits for the agent runs
        again, it takes the end of the agent's socket for a failure (qemuAgentSend in its src/qemu/qemu_agent.c), asks by
        ACPI if it may, and finds nobody."""
        run = self.run("shutdown", name, *words)
        late = ("domain is not running", "End of file from agent socket", "Guest agent disappeared")
        assert run.returncode == 0 or any(line in run.stderr for line in late), f"virsh shutdown: {run.stdout}{run.stderr}"
        wait_until(lambda: self.state(name) == "shut off", deadline_s, "that the domain is off", lambda: self.state(name) + run.stderr)

    def console(self, name):
        """`virsh console`, its Terminal."""
        return Terminal([*NOBODY, "virsh", "console", name], self.folder / f"{name}.console.log", env=self.environment)

    def exhibits(self):
        return [("libvirt's messages", self.log.read_text(errors="replace")[-3000:])]

    def close(self):
        for name in self.domains:
            self.run("destroy", name)
            self.run("undefine", "--nvram", name)
        self.stop()
        shutil.rmtree(self.home)
