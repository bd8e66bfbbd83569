"""Where the fetch cannot go on, tools/sources says the one thing that helps."""

import email.utils
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


def test_no_network(sources):
    mirror = "http://127.0.0.1:9/debian"
    sources.environment = without_mirrors(DEBIAN_MIRROR=mirror, DEBIAN_SECURITY_MIRROR=mirror)
    assert "What helps: there is no way to the mirror: look at the network" in sources.fails("lock", "deb:one")


def test_a_cache_that_cannot_be_written(sources, archive):
    sources.cache.write_text("a file, where a folder should be")
    assert f"sources: {sources.cache}: File exists" in sources.fails("lock", "deb:one")
