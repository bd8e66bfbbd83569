"""Where the fetch cannot go on, tools/sources says the one thing that helps."""

import email.utils
import subprocess
import time

import pytest

from archive import without_mirrors

DAY_S = 86400


@pytest.mark.parametrize("field, seconds, help_line", [
    ("Date", DAY_S, "What helps: this machine's clock is behind the mirror's: set it"),
    ("Valid-Until", -DAY_S, "What helps: this machine's clock is ahead, or the mirror is no longer kept up"),
])
def test_a_wrong_date(sources, archive, field, seconds, help_line):
    archive.add_deb("one", "1.0-1", b"one")
    archive.publish(more=f"{field}: {email.utils.formatdate(time.time() + seconds, usegmt=True)}\n")
    assert help_line in sources.fails("lock", "deb:one")


def test_a_wrong_date_in_the_words_of_sqv(sources, tmp_path):
    """Who verifies on trixie refuses a signature of the future, before apt itself looks at the date."""
    apt_get = tmp_path / "apt-get"
    apt_get.write_text("#!/bin/sh\necho 'Not live until 2026-11-21T08:46:20Z' >&2\nexit 100\n")
    apt_get.chmod(0o755)
    sources.environment["PATH"] = f"{tmp_path}:{sources.environment['PATH']}"
    assert "What helps: this machine's clock is behind the mirror's: set it" in sources.fails("lock", "deb:one")


def test_no_network(sources):
    mirror = "http://127.0.0.1:9/debian"
    sources.environment = without_mirrors(DEBIAN_MIRROR=mirror, DEBIAN_SECURITY_MIRROR=mirror)
    assert "What helps: there is no way to the mirror: look at the network" in sources.fails("lock", "deb:one")


def test_a_cache_that_cannot_be_written(sources, archive):
    sources.cache.write_text("a file, where a folder should be")
    assert f"sources: {sources.cache}: File exists" in sources.fails("lock", "deb:one")


@pytest.fixture
def little_room(sources):
    """A cache on a file system of 40 MB."""
    sources.cache.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40000k", "tmpfs", sources.cache], check=True)
    yield
    subprocess.run(["umount", sources.cache], check=True)


def test_no_room_for_the_index(sources, archive, little_room):
    """apt-get update may never end there."""
    archive.add_deb("one", "1.0-1", b"one")
    archive.publish()
    said = sources.fails("lock", "deb:one")
    assert f"{sources.cache}/apt: the index needs 250 MB, 41 MB are free\nWhat helps: make room on the disk" in said, said


def test_no_room_for_a_file(sources, archive, little_room):
    archive.add_deb("one", "1.0-1", bytes(50_000_000))
    archive.publish()
    (sources.cache / "apt").mkdir()
    with open(sources.cache / "apt/there", "wb") as index:  # what is there already needs no room
        index.truncate(250_000_000)
    said = sources.fails("lock", "deb:one")
    assert f"{sources.cache}: one_1.0-1_all.deb needs 50 MB, " in said and "What helps: make room" in said, said
