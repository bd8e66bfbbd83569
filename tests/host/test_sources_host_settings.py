"""No setting of the host's apt makes tools/sources believe more than it would without; the way to the mirror stays the host's."""

import pytest

from archive import Archive, without_mirrors

UNSIGNED = {"name": "Release", "sign": str.encode}
EXPIRED = {"more": "Valid-Until: Sat, 03 Jan 2026 00:00:00 UTC\n"}
INSECURE = 'Acquire::AllowInsecureRepositories "true";'
MIRROR = "http://mirror.invalid/debian"


@pytest.mark.parametrize("index, settings", [
    (UNSIGNED, INSECURE),
    (UNSIGNED, INSECURE + 'APT::Get::AllowUnauthenticated "true";'),
    (UNSIGNED, 'Binary::apt-get::' + INSECURE),
    (EXPIRED, 'Acquire::Check-Valid-Until "false";'),
    (EXPIRED, 'Acquire::Check-Date "false";'),
])
def test_an_index_that_the_host_would_believe(sources, archive, index, settings):
    """Somebody answers in the mirror's place, from the beginning."""
    archive.add_deb("one", "1.0-1", b"one")
    archive.publish(**index)
    sources.host_says(settings)
    assert "apt-get update failed" in sources.fails("lock", "deb:one")
    assert archive.of_pool() == [] and not sources.lock.exists()


def test_an_index_that_is_unsigned_later(sources, archive):
    archive.add_deb("one", "1.0-1", b"one")
    archive.publish()
    sources.host_says(INSECURE + 'Acquire::AllowDowngradeToInsecureRepositories "true";')
    sources.does("lock", "deb:one")
    archive.add_deb("one", "1.0-2", b"evil")
    archive.publish(**UNSIGNED)
    before = sources.lock.read_text()
    assert "apt-get update failed" in sources.fails("lock", "deb:one")
    assert sources.lock.read_text() == before


def test_an_archive_that_the_host_trusts(sources, archive, keep, tmp_path):
    """A local one without signatures, which the host's settings put beside Debian's."""
    archive.add_deb("one", "1.0-1", b"one")
    archive.publish()
    local = keep(Archive(tmp_path / "local", archive.key, origin="Local"))
    local.add_deb("one", "9.0-1", b"another")
    local.publish(**UNSIGNED)
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (parts / "local.list").write_text(f"deb [trusted=yes] {local.uri} trixie main\n")
    sources.host_says(f'Dir::Etc::sourceparts "{parts}";')
    sources.does("lock", "deb:one")
    assert sources.versions(sources.lock) == {"deb:one": "1.0-1"} and local.requests == []


def test_the_host_s_commands_are_not_run(sources, archive, tmp_path):
    archive.add_deb("one", "1.0-1", b"one")
    archive.publish()
    sources.host_says(f'APT::Update::Pre-Invoke {{ "touch {tmp_path}/was-run"; }};')
    sources.does("lock", "deb:one")
    assert not (tmp_path / "was-run").exists()


@pytest.mark.parametrize("setting", [
    'Acquire::http::Proxy "{proxy}";',
    'acquire {{ HTTP {{ proxy::mirror.invalid "{proxy}"; }} }};',
    'Binary::apt-get::Acquire::http::Proxy "{proxy}"; Binary::apt-helper::Acquire::http::Proxy "{proxy}";',
    'Acquire::http::Proxy-Auto-Detect "{folder}/detect";',
])
def test_the_host_s_proxy(sources, archive, tmp_path, setting):
    """No name server knows the mirror here: only the proxy, which the archive stands in for, can answer."""
    archive.add_deb("one", "1.0-1", b"one")
    archive.publish()
    proxy = archive.uri.removesuffix("/debian")
    detect = tmp_path / "detect"
    detect.write_text(f"#!/bin/sh\necho {proxy}\n")
    detect.chmod(0o755)
    sources.host_says(setting.format(proxy=proxy, folder=tmp_path))
    sources.environment = without_mirrors(DEBIAN_MIRROR=MIRROR, DEBIAN_SECURITY_MIRROR=MIRROR)
    sources.does("lock", "deb:one")
    assert sources.versions(sources.lock) == {"deb:one": "1.0-1"}


def test_a_password_of_the_host_s(sources, archive, tmp_path):
    """What the host keeps in a file of its own, apt's auth.conf, to show to the mirror."""
    archive.add_deb("one", "1.0-1", b"one")
    archive.publish()
    (tmp_path / "auth.conf").write_text(f"machine {archive.uri} login me password secret\n")
    sources.host_says(f'Dir::Etc::netrc "{tmp_path}/auth.conf";')
    sources.does("lock", "deb:one")
    assert archive.authorizations == {"Basic bWU6c2VjcmV0"}
