"""A copy of the tree to build in: what a change there does, and whether two folders give the same bytes."""

import os
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parents[2]
BUILD = "build/x86_64"
HOST_BIN = pathlib.Path(os.environ.get("THIMBLE_HOST_BIN", HERE / BUILD / "host"))  # programs with the sanitizers
KEPT_ENVIRONMENT = {"PATH", "HOME", "XDG_CACHE_HOME", "CCACHE_DIR", "TERM"}
MAKE_DEADLINE_S = 600
APPLIANCES = "kms-relay", "dns"


BUILT = "sources", "sysroot", "toolchain", "tools", "packages", "obj", "parts", "bin"


class Tree:
    """All of this tree but what it has built; of that only the kernel's tool which the root needs, so that
    the kernel's source is not unpacked again. With BUILT also the programs and packages, as they are here."""

    def __init__(self, folder, built=False):
        self.folder = pathlib.Path(folder)
        left = shutil.ignore_patterns(".git", "build", "out", "__pycache__")
        shutil.copytree(HERE, self.folder, ignore=lambda path, names: left(path, names) if path == str(HERE) else [])
        for name in ("linux.id", "linux/usr/gen_init_cpio.c", "linux/.unpacked"):
            (self.build(name)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(HERE / BUILD / name, self.build(name))
        if built:
            for name in BUILT:
                shutil.copytree(HERE / BUILD / name, self.build(name), symlinks=True)
            for name in ("sources.fetched", "sources.used"):
                shutil.copy2(HERE / BUILD / name, self.build(name))

    def link_kernel(self):
        """The kernel's source and objects of this tree, as they are, for links of images there."""
        shutil.rmtree(self.build("linux"))
        self.build("linux").symlink_to(HERE / BUILD / "linux")
        # As old as it is here, or the source would be unpacked again.
        shutil.copystat(HERE / BUILD / "linux.id", self.build("linux.id"))

    def build(self, name):
        return self.folder / BUILD / name

    def run(self, *words, **environment):
        """make WORDS there, without what this test's own make has set."""
        kept = {key: value for key, value in os.environ.items() if key in KEPT_ENVIRONMENT}
        return subprocess.run(
            ["make", *words], cwd=self.folder, env=kept | environment, capture_output=True, text=True,
            timeout=MAKE_DEADLINE_S, check=False,
        )

    def make(self, *words, **environment):
        """Must succeed. All that it said."""
        run = self.run(*words, **environment)
        assert run.returncode == 0, f"make {' '.join(words)}: status {run.returncode}\n{run.stdout}{run.stderr}"
        return run.stdout + run.stderr

    def refuses(self, *words):
        """Must fail. All that it said."""
        run = self.run(*words)
        assert run.returncode != 0, f"make {' '.join(words)}: expected a failure, got:\n{run.stdout}{run.stderr}"
        return run.stdout + run.stderr


# What goes into a guest: a root with its service in it, or one without and the archive with a package.
ROOTS = {"kms-relay": [f"{BUILD}/images/kms-relay/rootfs.cpio"],
         "dns": [f"{BUILD}/images/slot/rootfs.cpio", f"{BUILD}/images/dns/archive"]}


def build_roots(tree, **environment):
    """Every program, and the roots and containers of two appliances: one with a program of this tree, one with a
    package."""
    tree.make("programs", **environment)
    for appliance in APPLIANCES:
        tree.make(f"APPLIANCE={appliance}", *ROOTS[appliance], "oci", **environment)
