"""Only an index signed by a key of the keyring is believed, and only the host's Debian mirrors are asked."""

import pytest

from archive import Key


@pytest.fixture
def stranger(keep):
    return keep(Key())


@pytest.fixture(params=["no signature", "another key", "changed after signing"])
def forged(request, key, stranger):
    return {
        "no signature": str.encode,
        "another key": stranger.sign,
        "changed after signing": lambda text: key.sign(text).replace(b"Label: Debian", b"Label: Changed"),
    }[request.param]


def test_an_index_of_a_stranger_is_refused(sources, archive, forged):
    archive.add_deb("one", "1.0-1", b"one")
    archive.publish(sign=forged)
    for command in ("lock", "fetch"):
        sources.lock.write_text("deb:one 1.0-1 one_1.0-1_all.deb 3 " + "0" * 64 + "\n")
        before = sources.lock.read_text()
        output = sources.fails(command, "deb:one")
        assert "apt-get update failed" in output
        assert archive.of_pool() == [] and sources.cached() == {} and sources.lock.read_text() == before


def test_an_index_that_changes_later_is_refused(sources, archive, stranger):
    """The first index was right and lies in the cache; then somebody else answers."""
    archive.add_deb("one", "1.0-1", b"one")
    archive.publish()
    sources.does("lock", "deb:one")
    archive.add_deb("one", "1.0-2", b"evil")
    archive.publish(sign=stranger.sign)
    before = sources.lock.read_text()
    assert "apt-get update failed" in sources.fails("lock", "deb:one")
    assert sources.lock.read_text() == before


def test_no_keyring(sources, archive, key):
    archive.add_deb("one", "1.0-1", b"one")
    archive.publish()
    sources.does("lock", "deb:one")
    output = sources.fails("fetch", "--keyring", sources.folder / "none.gpg", "deb:one")
    assert "none.gpg is missing: apt-get install debian-archive-keyring" in output
