"""The mirrors are those of the host's own apt: Debian's, whatever else is set up and whether its index was read or not."""

import subprocess

import pytest

from archive import Archive, without_mirrors


class HostApt:
    """A host's apt configuration, in a folder, which its environment names."""

    def __init__(self, folder):
        self.list = folder / "sources.list"
        (folder / "lists/partial").mkdir(parents=True)
        configuration = folder / "apt.conf"
        configuration.write_text(
            f'Dir::Etc::sourcelist "{self.list}"; Dir::Etc::sourceparts "/dev/null"; Dir::Cache "{folder}/cache";\n'
            f'Dir::State::lists "{folder}/lists"; APT::Sandbox::User "root"; Acquire::Languages "none";\n'
        )
        self.environment = without_mirrors(APT_CONFIG=str(configuration))

    def lists(self, *lines):
        self.list.write_text("".join(f"{line}\n" for line in lines))

    def update(self):
        done = subprocess.run(["apt-get", "update"], env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0 and "Err:" not in done.stdout, done.stdout + done.stderr


@pytest.fixture
def host(tmp_path):
    return HostApt(tmp_path / "host")


def asked(sources):
    """[(URI, suite)] that the tool's own apt is set up with for binary packages."""
    lines = (sources.cache / "apt/sources.list").read_text().splitlines()
    return [tuple(line.split()[2:4]) for line in lines if line.startswith("deb ")]


@pytest.fixture
def on_host(sources, archive, host):
    """tools/sources in the host's environment, not pointed at the archive."""
    archive.add_deb("one", "1.0-1", b"one")
    archive.publish()
    sources.environment = host.environment
    return sources


def test_a_host_whose_index_was_never_read(on_host, archive, host):
    signed = f"[signed-by={archive.key.keyring}]"
    host.lists(f"deb {signed} {archive.uri}/ bookworm main", f"deb {signed} {archive.uri} bookworm-security main")
    on_host.does("lock", "deb:one")
    assert asked(on_host) == [(archive.uri, "trixie"), (archive.uri, "trixie-security")]


def test_other_archives_are_passed_over(on_host, archive, host, keep, tmp_path):
    """One that names a suite of Debian's but is not Debian, and one with a suite and a component of its own."""
    other = keep(Archive(tmp_path / "other", archive.key, origin="Somebody"))
    other.add_deb("one", "9.0-1", b"another")
    other.publish()
    signed = f"[signed-by={archive.key.keyring}]"
    others = [f"deb {signed} {other.uri} trixie main", f"deb {signed} {other.uri}-tools bookworm tools"]
    host.lists(others[0])
    host.update()
    host.lists(*others, f"deb {signed} {archive.uri} bookworm main", f"deb {signed} {archive.uri} bookworm-security main")
    on_host.does("lock", "deb:one")
    assert asked(on_host) == [(archive.uri, "trixie"), (archive.uri, "trixie-security")]


def test_no_security_mirror_is_said(on_host, archive, host):
    host.lists(f"deb [signed-by={archive.key.keyring}] {archive.uri} bookworm main")
    output = on_host.does("lock", "deb:one")
    assert "WARNING: this host's apt has no security mirror" in output
    assert asked(on_host) == [(archive.uri, "trixie")]


def test_a_host_without_debian(on_host, host):
    host.lists("deb http://127.0.0.1:9/ubuntu noble main")
    output = on_host.fails("lock", "deb:one")
    assert "this host's apt has no Debian mirror" in output and "make fetch DEBIAN_MIRROR=URI" in output
