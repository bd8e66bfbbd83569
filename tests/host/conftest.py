"""What the tests of the host's tools share."""

import subprocess

import pytest

from archive import Archive, Key, environment
from tree import HERE, Tree, build_roots

RUN_DEADLINE_S = 100


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items):
    """Tests in two processes: but those that make something in this very tree, or share a tree built for them, in one."""
    for item in items:
        fixtures = set(item.fixturenames)
        if fixtures & {"built_tree", "other_tree"}:
            item.add_marker(pytest.mark.xdist_group("built tree"))
        elif not fixtures & {"archive", "copied_tree"}:
            item.add_marker(pytest.mark.xdist_group("this tree"))


@pytest.fixture(scope="session")
def key():
    made = Key()
    yield made
    made.close()


@pytest.fixture
def archive(keep, tmp_path, key):
    return keep(Archive(tmp_path / "archive", key))


class Sources:
    """tools/sources with a lock and a cache of its own, on one archive."""

    def __init__(self, folder, archive):
        self.folder, self.archive = folder, archive
        self.lock, self.cache, self.used = folder / "sources.lock", folder / "cache", folder / "used"
        self.environment = environment(archive)
        self.host_settings = None
        self.output = ""

    def host_says(self, text):
        """The tool runs where the settings of the host's apt are TEXT and no more."""
        self.host_settings = self.folder / "apt.conf.d"
        self.host_settings.mkdir()
        (self.host_settings / "host").write_text(text + "\n")

    def argv(self, command, *words):
        on_host = []
        if self.host_settings:
            mount = 'mount --bind "$0" /etc/apt/apt.conf.d && exec "$@"'
            on_host = ["unshare", "--mount", "sh", "-c", mount, self.host_settings]
        return [
            *on_host, HERE / "tools/sources", command, "--suite", "trixie", "--architecture", "amd64", "--keyring", self.archive.key.keyring,
            "--lock", self.lock, "--cache", self.cache, "--used", self.used, *words,
        ]

    def run(self, command, *words):
        """Ends with status 0 or 1, never with a traceback; returns (status, all that it said)."""
        run = subprocess.run(
            self.argv(command, *words), env=self.environment, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=RUN_DEADLINE_S, check=False,
        )
        self.output = run.stdout
        assert "Traceback" not in run.stdout and run.returncode in (0, 1), f"status {run.returncode}: {run.stdout}"
        return run.returncode, run.stdout

    def does(self, command, *words):
        status, output = self.run(command, *words)
        assert status == 0, f"expected success of {command}, got:\n{output}"
        return output

    def fails(self, command, *words):
        status, output = self.run(command, *words)
        assert status == 1, f"expected {command} to fail, got success:\n{output}"
        return output

    def cached(self):
        """The files in the cache, by name; parts of downloads too."""
        kept = self.cache.iterdir() if self.cache.exists() else []
        return {path.name: path.read_bytes() for path in kept if path.is_file() and path.name != "lock"}

    def versions(self, path):
        """PACKAGE -> version, of a lock or of what was used."""
        lines = [line.split() for line in path.read_text().splitlines() if not line.startswith("#")]
        return {line[0]: line[1] for line in lines}

    def exhibits(self):
        yield "the last output of tools/sources", self.output


@pytest.fixture
def sources(keep, tmp_path, archive):
    made = Sources(tmp_path, archive)
    made.close = lambda: None
    return keep(made)


@pytest.fixture
def copied_tree(tmp_path):
    return Tree(tmp_path / "tree")


@pytest.fixture(scope="session")
def built_tree(tmp_path_factory):
    """A copy with the programs and packages that were built here, in which two appliances' roots are built."""
    tree = Tree(tmp_path_factory.mktemp("built") / "tree", built=True)
    build_roots(tree)
    return tree


@pytest.fixture
def kernel_tree(copied_tree):
    """A copy of the tree that configures this one's source of the kernel, which nothing writes into: LINUX= is elsewhere."""
    copied_tree.link_kernel()
    return copied_tree
