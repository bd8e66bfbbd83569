"""A locked version that is gone is replaced by the newest of its series with a warning, or refused by STRICT=1."""

from archive import SECURITY, Fault


def locked(sources, *packages):
    sources.does("lock", *packages)
    for name in sources.cached():
        (sources.cache / name).unlink()


def test_the_newest_of_the_series_stands_in(sources, archive):
    archive.add_deb("one", "6.12.10-1", b"ten")
    archive.publish()
    locked(sources, "deb:one")
    archive.remove("one")
    for version in ("6.12.9-1", "6.12.11-1", "6.13.1-1"):
        archive.add_deb("one", version, version.encode())
    archive.publish()
    before = sources.lock.read_text()
    output = sources.does("fetch", "deb:one")
    assert "WARNING: deb:one 6.12.10-1 is not in the index. Used instead: 6.12.11-1." in output
    assert sources.versions(sources.used) == {"deb:one": "6.12.11-1"}
    assert sources.cached() == {"one_6.12.11-1_all.deb": b"6.12.11-1"}
    assert sources.lock.read_text() == before


def test_a_version_that_the_archive_still_has_but_lists_no_more(sources, archive):
    """The lock's hash is as good as the index's: the locked version itself, even with STRICT=1."""
    archive.add_source("two", "1.0.1-1+x", {"two_1.0.1.orig.tar.gz": b"1", "two_1.0.1-1+x.debian.tar.xz": b"patches"})
    archive.publish()
    locked(sources, "src:two")
    archive.unlist("two")
    archive.add_source("two", "1.0.1-2", {"two_1.0.1.orig.tar.gz": b"1", "two_1.0.1-2.debian.tar.xz": b"newer"})
    archive.publish()
    sources.does("fetch", "--strict", "src:two")
    assert sources.versions(sources.used) == {"src:two": "1.0.1-1+x"}
    assert sources.cached() == {"two_1.0.1.orig.tar.gz": b"1", "two_1.0.1-1+x.debian.tar.xz": b"patches"}


def test_strict_takes_no_other(sources, archive):
    archive.add_deb("one", "6.12.10-1", b"ten")
    archive.publish()
    locked(sources, "deb:one")
    archive.remove("one")
    archive.add_deb("one", "6.12.11-1", b"eleven")
    archive.publish()
    output = sources.fails("fetch", "--strict", "deb:one")
    assert "deb:one 6.12.10-1 is not in the index. STRICT=1 allows no other version: run make lock" in output
    assert sources.cached() == {} and not sources.used.exists()


def test_another_series_does_not_stand_in(sources, archive):
    archive.add_deb("one", "6.12.10-1", b"ten")
    archive.publish()
    locked(sources, "deb:one")
    archive.remove("one")
    archive.add_deb("one", "6.13.1-1", b"other")
    archive.publish()
    output = sources.fails("fetch", "deb:one")
    assert "deb:one: no version of it can be had" in output
    assert sources.cached() == {}


def test_a_listed_file_that_the_mirror_lacks(sources, archive):
    """The index names 1.0.2, the mirror answers 404: the next older one, and it is said."""
    archive.add_source("two", "1.0.1-1", {"two_1.0.1.orig.tar.gz": b"1"})
    archive.add_source("two", "1.0.2-1", {"two_1.0.2.orig.tar.gz": b"2"})
    archive.publish()
    archive.faults["two_1.0.2.orig.tar.gz"] = Fault(status=404)
    output = sources.does("lock", "src:two")
    assert "WARNING: two_1.0.2.orig.tar.gz is in the index, but the mirror does not have it" in output
    assert sources.versions(sources.lock) == {"src:two": "1.0.1-1"}

    archive.faults.clear()
    locked(sources, "src:two")
    assert sources.versions(sources.lock) == {"src:two": "1.0.2-1"}
    archive.faults["two_1.0.2.orig.tar.gz"] = Fault(status=404)
    assert "Used instead: 1.0.1-1" in sources.does("fetch", "src:two")
    assert sources.versions(sources.used) == {"src:two": "1.0.1-1"}


def test_a_server_error_is_no_missing_version(sources, archive):
    """A mirror in trouble must not make the build take another version."""
    archive.add_deb("one", "1.0.1-404", b"old")
    archive.add_deb("one", "1.0.2-404", b"new")
    archive.publish()
    locked(sources, "deb:one")
    archive.faults["one_1.0.2-404_all.deb"] = Fault(status=503)
    output = sources.fails("fetch", "deb:one")
    assert "one_1.0.2-404_all.deb: download failed" in output and "503" in output
    assert not sources.used.exists()


def test_lock_prints_what_changed(sources, archive):
    archive.add_deb("one", "1.0-1", b"one")
    archive.add_deb("two", "1:2.0-1", b"two")
    archive.publish()
    output = sources.does("lock", "deb:one", "deb:two")
    assert "deb:one 1.0-1 (was not locked)" in output and "deb:two 1:2.0-1 (was not locked)" in output

    archive.add_deb("one", "1.0-1+deb13u1", b"one, mended", suite=SECURITY)
    archive.publish()
    output = sources.does("lock", "deb:one", "deb:two")
    assert "deb:one 1.0-1+deb13u1 (was 1.0-1)" in output and "deb:two 1:2.0-1 (unchanged)" in output
    assert sources.versions(sources.lock) == {"deb:one": "1.0-1+deb13u1", "deb:two": "1:2.0-1"}

    assert "deb:two is no longer used" in sources.does("lock", "deb:one")
    assert sources.versions(sources.lock) == {"deb:one": "1.0-1+deb13u1"}


def test_a_package_that_is_not_locked(sources, archive):
    archive.add_deb("one", "1.0-1", b"one")
    archive.publish()
    assert "does not name deb:one: run make lock" in sources.fails("fetch", "deb:one")


def test_a_bad_line_of_the_lock_is_quoted(sources, archive):
    archive.publish()
    good = "deb:one 1.0-1 one_1.0-1_all.deb 3 " + "0" * 64
    for bad in (
        "deb:one 1.0-1 one_1.0-1_all.deb", good.replace(" 3 ", " -3 "), good + "0", good.replace("one_", "../"),
        good.replace("one_", "/one_"), good.replace("deb:", ""), good.replace("1.0-1 ", "x "), good.replace("0000", "zzzz", 1),
    ):
        sources.lock.write_text(f"# comment\n\n{bad}\n")
        output = sources.fails("fetch", "deb:one")
        assert f"sources.lock:3: {bad!r}: a line is" in output, f"expected line 3 quoted, got:\n{output}"
    assert archive.requests == []
