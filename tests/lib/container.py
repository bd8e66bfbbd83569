"""A container of the image, run by runc, in a network namespace of the test's own.

    image (out/NAME-ARCH.oci.tar) --umoci--> bundle --config.json by `Container`--> runc --> its processes
                                                       network: a Namespace, as an engine makes one"""

import json
import os
import pathlib
import shutil
import subprocess
import tarfile

import pytest
from netns import stop
from records import read_record
from waiting import wait_until

TREE = pathlib.Path(__file__).resolve().parent.parent.parent
IMAGE = pathlib.Path(os.environ.get("THIMBLE_OCI", TREE / "out/kms-relay-x86_64.oci.tar"))

# Of `make coverage`: a folder with static programs of the image, which count what runs in them, and where.
COUNTING, COUNTS = os.environ.get("THIMBLE_COUNTING"), os.environ.get("THIMBLE_COUNTS")

# What root has in Docker unless told otherwise.
DOCKER_CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID", "SETFCAP",
                       "SETPCAP", "NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE")


def run(*words, timeout=60):
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=timeout)
    assert done.returncode == 0, f"{' '.join(map(str, words))}: status {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout


def unpack(image, folder):
    """IMAGE as a bundle below FOLDER, by umoci: its config.json and its root file system."""
    layout, bundle = folder / "layout", folder / "bundle"
    with tarfile.open(image) as tar:
        tar.extractall(layout)
    tag, = run("umoci", "ls", "--layout", layout).split()
    run("umoci", "unpack", "--rootless", "--image", f"{layout}:{tag}", bundle)
    return bundle


def user_exists(uid):
    """Whether there is a user UID: in the user namespace of an ordinary user there is root alone."""
    lines = pathlib.Path("/proc/self/uid_map").read_text().splitlines()
    return any(int(start) <= uid < int(start) + int(count) for start, _, count in map(str.split, lines))


def count_programs(root):
    """Puts the programs that count in the place of the image's. Each of its users may add to the counts of others."""
    for program in pathlib.Path(COUNTING).iterdir():
        for place in (*root.glob(f"bin/{program.name}"), *root.glob(f"usr/bin/{program.name}")):
            place.unlink()
            shutil.copy(program, place)
    for counts in pathlib.Path(COUNTS).iterdir():
        counts.chmod(0o666)


class Container:
    """BUNDLE, copied to FOLDER, run in NAMESPACE as UID (None: the image's own user, or root where there is no other) with
    CAPABILITIES.

    ENVIRONMENT and ARGUMENTS are added; MOUNTS are {path inside: path outside}; TMPFS says whether /run is one."""

    def __init__(self, namespace, folder, bundle, uid=None, capabilities=(), read_only=True, tmpfs=True, environment=None,
                 arguments=(), mounts=None, name="container"):
        self.folder = pathlib.Path(folder) / name
        shutil.copytree(bundle, self.folder, symlinks=True)
        if COUNTING:
            count_programs(self.folder / "rootfs")
            mounts = {**(mounts or {}), COUNTS: COUNTS}
        self.log = self.folder / "log"
        self.name = f"{name}-{namespace.name}"
        config = json.loads((self.folder / "config.json").read_text())
        process = config["process"]
        process["terminal"] = False
        process["args"] += list(arguments)
        process["env"] += [f"{key}={value}" for key, value in (environment or {}).items()]
        if uid is None:
            uid = process["user"]["uid"] if user_exists(process["user"]["uid"]) else 0
        elif not user_exists(uid):
            pytest.skip(f"there is no user {uid} in this user namespace")
        process["user"] = {"uid": uid, "gid": uid}
        names = [f"CAP_{name}" for name in capabilities]
        # As engines do: a user other than root gets none in force.
        in_force = names if uid == 0 else []
        process["capabilities"] = {"bounding": names, "inheritable": [], "ambient": [], "effective": in_force,
                                   "permitted": in_force}
        process["noNewPrivileges"] = False
        process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 20000, "hard": 20000}]
        config["root"]["readonly"] = read_only
        config["mounts"] = [mount for mount in config["mounts"] if mount["destination"] != "/etc/resolv.conf"]
        if tmpfs:
            config["mounts"].append({"destination": "/run", "type": "tmpfs", "source": "tmpfs",
                                     "options": ["nosuid", "nodev", "noexec"]})
        for inside, outside in (mounts or {}).items():
            config["mounts"].append({"destination": inside, "type": "bind", "source": str(outside),
                                     "options": ["bind", "rw" if inside == COUNTS else "ro"]})
        for key in ("uidMappings", "gidMappings"):
            config["linux"].pop(key, None)
        config["linux"]["namespaces"] = [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")] + [
            {"type": "network", "path": f"/run/netns/{namespace.name}"}]
        (self.folder / "config.json").write_text(json.dumps(config))
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(self.runc("run", "--bundle", self.folder, self.name), stdin=subprocess.DEVNULL,
                                          stdout=log, stderr=log)

    def runc(self, *words):
        return list(map(str, ["runc", "--root", self.folder.parent / "runc", *words]))

    def entry(self):
        """The pid of its first program, as seen from here."""
        return json.loads(run(*self.runc("state", self.name)))["pid"]

    def processes(self):
        """Name -> (pid, uid) of what the first program has started."""
        found = {}
        pid = self.entry()
        for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            folder = pathlib.Path("/proc") / child
            status = dict(line.split(":\t", 1) for line in (folder / "status").read_text().splitlines() if ":\t" in line)
            found[status["Name"]] = int(child), int(status["Uid"].split()[0])
        return found

    def wait_processes(self, *names, deadline_s=40):
        """Waits until each of NAMES runs its program. All that it has started."""
        def look():
            found = self.processes()
            return found if set(names) <= set(found) else None
        return wait_until(look, deadline_s, f"processes {names}", self.log_text)

    def record(self, writer, name, run_dir="run/thimble"):
        return read_record(f"/proc/{self.entry()}/root/{run_dir}", writer, name)

    def wait_record(self, writer, name, condition, what, deadline_s=40, **options):
        def look():
            assert self.child.poll() is None, f"the container ended with status {self.child.returncode}"
            record = self.record(writer, name, **options)
            return record if condition(record) else None
        return wait_until(look, deadline_s, f"record {writer}/{name}: {what}", self.log_text)

    def wait_ready(self, **options):
        return self.wait_record("service", "relay", lambda record: record.get("state") == "ready", "state=ready", **options)

    def wait_log(self, text, deadline_s=40):
        wait_until(lambda: text in self.log_text(), deadline_s, f"a line with {text!r}", self.log_text)

    def wait_end(self, deadline_s=40):
        """Waits until the container has ended by itself. Its exit status."""
        wait_until(lambda: self.child.poll() is not None, deadline_s, "the container ends", self.log_text)
        return self.child.returncode

    def exec(self, *words):
        """Runs WORDS in it, as `docker exec` does. (status, output)"""
        done = subprocess.run(self.runc("exec", self.name, *words), capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def log_text(self):
        return self.log.read_bytes().decode("utf-8", "replace")

    def exhibits(self):
        yield f"{self.name}: log", self.log_text()[-8000:]

    def close(self):
        """SIGTERM: runc passes it on, and ends with the container's status."""
        if self.child.poll() is None:
            stop(self.child, 20)
        subprocess.run(self.runc("delete", "--force", self.name), capture_output=True, timeout=60)
