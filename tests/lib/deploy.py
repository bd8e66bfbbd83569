"""What `make deploy` writes, into a folder of the test's own, and what its scripts would run."""

import fcntl
import os
import pathlib
import subprocess

from tree import BUILD, HERE, KEPT_ENVIRONMENT

IMAGES = "efi", "qcow2", "vmlinux"
RUN_DEADLINE_S = 60
END = "-- end of a command --"
# Writes its name and words to the file WORDS, one a line.
STAND_IN = f"""#!/bin/sh
for word in "${{0##*/}}" "$@" '{END}'; do printf '%s\\n' "$word"; done >> "$WORDS"
[ ! -e "$0.says" ] || cat "$0.says"
"""


class Deployed:
    """`make WORDS deploy`. ports as the appliance has them; file: the images' name without its ending."""

    def __init__(self, folder, *words, name="kms-relay", ports=("1688/tcp",)):
        self.folder = pathlib.Path(folder)
        self.out = self.folder / "out"
        self.name, self.ports, self.file = name, list(ports), f"{name}-x86_64"
        # An image that is not there is built in the tree, by one at a time.
        with open(HERE / BUILD / "deploy.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.make(words)

    def make(self, words):
        kept = {key: value for key, value in os.environ.items() if key in KEPT_ENVIRONMENT}
        run = subprocess.run(["make", "-C", HERE, f"OUT={self.out}", *words, "deploy"], env=kept, capture_output=True,
                             text=True, timeout=RUN_DEADLINE_S, check=False)
        assert run.returncode == 0, f"make {' '.join(words)} deploy: status {run.returncode}\n{run.stdout}{run.stderr}"

    def path(self, name):
        return self.out / "deploy" / name

    def text(self, name):
        return self.path(name).read_text()

    def image(self, ending):
        return self.out / f"{self.file}.{ending}"

    def link_images(self):
        """The tree's own images, where the definitions look for them."""
        for ending in IMAGES:
            target = HERE / "out" / f"{self.file}.{ending}"
            assert target.exists(), f"{target} is missing: make image qcow2 vmlinux"
            self.image(ending).symlink_to(target)

    def scripts(self):
        return [path for path in sorted(self.path("").rglob("*"))
                if path.is_file() and path.read_bytes().startswith(b"#!/bin/sh")]

    def commands(self, script, *words, says=None, **environment):
        """Runs SCRIPT with stand-ins for the programs of hypervisors. Returns the commands that it gave, each a list;
        SAYS: what a program answers, by its name."""
        tools = self.folder / "stand-ins"
        tools.mkdir(exist_ok=True)
        for tool in ("qm", "VBoxManage", "ovftool", "govc", "cloud-hypervisor", "qemu-system-x86_64"):
            (tools / tool).write_text(STAND_IN)
            (tools / tool).chmod(0o755)
            (tools / f"{tool}.says").write_text((says or {}).get(tool, ""))
        written = self.folder / "words"
        written.write_text("")
        run = subprocess.run([self.path(script), *words], capture_output=True, text=True, check=False, timeout=RUN_DEADLINE_S,
                             env={"PATH": f"{tools}:{os.environ['PATH']}", "WORDS": str(written), **environment})
        assert run.returncode == 0, f"{script} {' '.join(words)}: status {run.returncode}\n{run.stdout}{run.stderr}"
        return [command.splitlines() for command in written.read_text().split(f"{END}\n")[:-1]]


def value(command, option):
    """The word behind OPTION."""
    assert option in command, f"expected {option} in {command}"
    return command[command.index(option) + 1]
