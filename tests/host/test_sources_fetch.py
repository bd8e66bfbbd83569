"""`make fetch` brings every locked file into the cache, whole and right, from any mirror that has it."""

import os
import signal
import subprocess

from archive import Fault
from waiting import wait_until

DEB, FILES = b"a binary package" * 100, {"two_2.0.orig.tar.xz": b"upstream" * 100, "two_2.0-1.debian.tar.xz": b"debian"}
ALL = ["deb:one", "src:two"]


def fill(archive):
    archive.add_deb("one", "1.0-1", DEB)
    archive.add_source("two", "2.0-1", FILES)
    archive.publish()


def lock_and_empty(sources, *packages):
    """Locks PACKAGES as the archive has them now, and leaves an empty cache."""
    sources.does("lock", *packages)
    for name in sources.cached():
        (sources.cache / name).unlink()
    sources.archive.requests.clear()


def test_everything_locked_is_fetched(sources, archive):
    fill(archive)
    lock_and_empty(sources, *ALL)
    sources.does("fetch", *ALL)
    assert sources.cached() == {"one_1.0-1_all.deb": DEB, **FILES}
    assert sources.versions(sources.used) == {"deb:one": "1.0-1", "src:two": "2.0-1"}
    assert all(len(line.split()) == 5 for line in sources.used.read_text().splitlines()[1:])


def test_a_second_fetch_asks_for_nothing(sources, archive):
    fill(archive)
    sources.does("lock", *ALL)
    archive.requests.clear()
    sources.does("fetch", *ALL)
    assert archive.requests == []


def test_names_with_epoch_tilde_and_plus(sources, archive):
    archive.add_deb("one+x", "3:1.0~rc1+dfsg-1+deb13u1", DEB)
    archive.add_source("two", "1:2.0~a+b-1", {"two_2.0~a+b.orig.tar.gz": b"upstream", "two_2.0~a+b-1.debian.tar.xz": b"d"})
    archive.publish()
    packages = ["deb:one+x", "src:two"]
    lock_and_empty(sources, *packages)
    sources.does("fetch", *packages)
    names = {"one+x_3:1.0~rc1+dfsg-1+deb13u1_all.deb", "two_2.0~a+b.orig.tar.gz", "two_2.0~a+b-1.debian.tar.xz"}
    assert set(sources.cached()) == names
    assert sources.versions(sources.used) == {"deb:one+x": "3:1.0~rc1+dfsg-1+deb13u1", "src:two": "1:2.0~a+b-1"}


def test_a_cut_connection_is_taken_up_where_it_ended(sources, archive):
    fill(archive)
    lock_and_empty(sources, *ALL)
    archive.faults["one_1.0-1_all.deb"] = Fault(cut=1000, times=1)
    sources.does("fetch", *ALL)
    asked = [range_ for name, range_ in archive.of_pool() if name == "one_1.0-1_all.deb"]
    assert asked == [None, "bytes=1000-"]
    assert sources.cached()["one_1.0-1_all.deb"] == DEB


def test_the_next_fetch_goes_on_with_a_part(sources, archive):
    fill(archive)
    lock_and_empty(sources, *ALL)
    archive.faults["one_1.0-1_all.deb"] = Fault(cut=1000)
    output = sources.fails("fetch", *ALL)
    assert "one_1.0-1_all.deb: download failed; run the command again" in output
    assert sources.cached() == {"one_1.0-1_all.deb.part": DEB[:1000]}
    assert not sources.used.exists()

    archive.faults.clear()
    archive.requests.clear()
    sources.does("fetch", *ALL)
    assert archive.of_pool()[0] == ("one_1.0-1_all.deb", "bytes=1000-")
    assert sources.cached() == {"one_1.0-1_all.deb": DEB, **FILES}


def test_a_spoiled_part_is_thrown_away(sources, archive):
    fill(archive)
    lock_and_empty(sources, *ALL)
    archive.faults["one_1.0-1_all.deb"] = Fault(cut=1000)
    sources.fails("fetch", *ALL)
    part = sources.cache / "one_1.0-1_all.deb.part"
    when = part.stat()
    part.write_bytes(b"X" * 1000)
    os.utime(part, ns=(when.st_atime_ns, when.st_mtime_ns))

    archive.faults.clear()
    output = sources.does("fetch", *ALL)
    assert "one_1.0-1_all.deb: the part of an earlier download was of no use" in output
    assert sources.cached() == {"one_1.0-1_all.deb": DEB, **FILES}


def test_an_interrupted_fetch_goes_on(sources, archive):
    """SIGINT in the middle of a download, as Ctrl-C sends it: to the whole process group."""
    fill(archive)
    lock_and_empty(sources, *ALL)
    archive.faults["one_1.0-1_all.deb"] = Fault(cut=1000)
    process = subprocess.Popen(
        # A job of a script's background ignores SIGINT, and its children inherit that.
        ["env", "--default-signal=INT", *sources.argv("fetch", *ALL)], env=sources.environment,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, process_group=0,
    )
    wait_until(lambda: archive.of_pool(), 60, "a file is asked for", lambda: repr(archive.requests))
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode != 0 and "Traceback" not in output, output
    assert "sources: stopped; the same command goes on from here" in output
    assert "one_1.0-1_all.deb" not in sources.cached()
    assert not sources.used.exists()

    archive.faults.clear()
    sources.does("fetch", *ALL)
    assert sources.cached() == {"one_1.0-1_all.deb": DEB, **FILES}


def test_a_wrong_hash_is_fatal(sources, archive):
    fill(archive)
    lock_and_empty(sources, *ALL)
    archive.faults["two_2.0.orig.tar.xz"] = Fault(body=b"UPSTREAM" * 100)
    output = sources.fails("fetch", *ALL)
    assert "two_2.0.orig.tar.xz: the downloaded file has a wrong hash; it was removed" in output
    assert not [name for name in sources.cached() if name.startswith("two_2.0.orig.tar.xz")]
    assert not sources.used.exists()


def test_another_hash_in_the_index_is_fatal(sources, archive):
    """The archive, signature and all, names other bytes than the lock: somebody has changed a released file."""
    fill(archive)
    lock_and_empty(sources, *ALL)
    archive.remove("one")
    archive.add_deb("one", "1.0-1", DEB[::-1])
    archive.publish()
    output = sources.fails("fetch", *ALL)
    assert "one_1.0-1_all.deb: Debian's index has another hash than sources.lock; refused" in output
    assert sources.cached() == {}


def test_a_spoiled_file_in_the_cache_is_fetched_again(sources, archive):
    fill(archive)
    sources.does("lock", *ALL)
    for spoiled in (DEB[:-1], b"X" * len(DEB)):
        (sources.cache / "one_1.0-1_all.deb").write_bytes(spoiled)
        output = sources.does("fetch", *ALL)
        assert "one_1.0-1_all.deb: the copy in the cache is not what the lock names" in output
        assert sources.cached() == {"one_1.0-1_all.deb": DEB, **FILES}


def test_two_fetches_at_once(sources, archive):
    fill(archive)
    lock_and_empty(sources, *ALL)
    both = [
        subprocess.Popen(
            sources.argv("fetch", *ALL), env=sources.environment, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=100)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert sources.cached() == {"one_1.0-1_all.deb": DEB, **FILES}
    assert len(archive.of_pool()) == 3, "each file is asked for once"
