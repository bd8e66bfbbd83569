"""tools/service keeps a root in memory, follows links within it alone, and writes it as the kernel unpacks it."""

import hashlib
import io
import os
import stat
import subprocess
import sys
import tracemalloc

import pytest

import cpio
from tree import HERE

sys.path.insert(0, str(HERE / "tools"))
from service.tree import MAX_LINKS, Refused, Slice, Tree, write_archive


def archive(tree, below="/service", **more):
    out = io.BytesIO()
    write_archive(out, tree.walk(below), lambda uid, gid: (uid + 65536, gid + 65536), **more)
    return out.getvalue()


def example():
    tree = Tree()
    tree.add_folder("/var/tmp", 0o1777)
    tree.add_file("usr/bin/x", b"content", 0o4755, 3, 4)
    tree.add_symlink("/bin", "usr/bin", 5, 6)
    tree.add_hard_link("/a-first", "/bin/x")
    tree.add_file("/empty", b"")
    return tree


def headers(data):
    """[(name, inode, links, size)] of an archive."""
    found, at = [], 0
    while True:
        fields = [int(data[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        name = data[at + 110:at + 109 + fields[11]].decode()
        if name == "TRAILER!!!":
            return found
        found.append((name, fields[0], fields[4], fields[6]))
        at = -(-(at + 110 + fields[11]) // 4) * 4
        at = -(-(at + fields[6]) // 4) * 4


def test_paths():
    tree = Tree()
    tree.add_file("usr//./bin/x/", b"1")
    assert [path for path, _ in tree.walk()] == ["/", "/usr", "/usr/bin", "/usr/bin/x"]
    assert tree.get("/usr/bin/x") is tree.get("usr/bin/./x") and tree.get("/usr/bin/x/y") is None
    assert tree.get("/").kind == "folder"
    for path in ("", "a\0b", "..", "/a/../b", "a/..", "n" * 256, "\u00e4" * 128,
                 "/".join("n" * 250 for _ in range(17)), "a/" * 1100, "\ud800"):
        for add in (tree.add_folder, lambda path: tree.add_file(path, b""), lambda path: tree.add_symlink(path, "x"),
                    lambda path: tree.add_hard_link(path, "/usr/bin/x"), lambda path: tree.add_hard_link("/y", path),
                    tree.remove, tree.get,
                    tree.resolve, tree.read):
            with pytest.raises(Refused):
                add(path)
    for path in ("n" * 255, "\u00e4" * 127, "\udcff" * 255, "/".join("n" * 15 for _ in range(255))):
        tree.add_file(path, path.encode("utf-8", "surrogateescape"))
        assert tree.read(path) == path.encode("utf-8", "surrogateescape")


def test_a_later_add_replaces():
    tree = Tree()
    tree.add_file("/a/b/c", b"1")
    tree.add_folder("/a", 0o700, 1, 2)
    entry = tree.get("/a")
    assert (entry.mode, entry.uid, entry.gid) == (0o700, 1, 2) and tree.read("/a/b/c") == b"1"
    tree.add_file("/a", b"2")
    assert [path for path, _ in tree.walk()] == ["/", "/a"] and tree.count == 2
    tree.add_folder("/a")
    assert tree.get("/a").kind == "folder" and tree.get("/a").mode == 0o755
    tree.add_symlink("/a", "/b")
    tree.add_folder("/a")
    assert tree.get("/a").kind == "folder" and tree.get("/b") is None
    tree.add_folder("/", 0o711, 7, 8)
    assert (tree.get("/").mode, tree.get("/").uid) == (0o711, 7)
    for add in (lambda: tree.add_file("/", b""), lambda: tree.add_symlink(".", "x"), lambda: tree.remove("/")):
        with pytest.raises(Refused, match="the root itself"):
            add()


def test_remove():
    tree = example()
    assert tree.remove("/usr") and not tree.remove("/usr") and not tree.remove("/empty/x")
    assert tree.read("/a-first") == b"content" and tree.resolve("/bin/x") is None
    assert tree.count == len(list(tree.walk()))


def test_links_lead_within_the_tree():
    tree = Tree()
    tree.add_file("/usr/lib/x", b"x")
    tree.add_symlink("/lib", "usr/lib")
    tree.add_symlink("/etc/up", "../../../../usr")
    tree.add_symlink("/etc/absolute", "/etc/up/lib")
    tree.add_symlink("/there", "etc/absolute/./../lib//x")
    assert tree.resolve("/there") == "/usr/lib/x" and tree.read("/there") == b"x" and tree.resolve("/etc/up") == "/usr"
    assert tree.resolve("/") == "/" and tree.resolve("/nothing") is None and tree.resolve("/lib/x/y") is None
    assert tree.get("/lib").target == "usr/lib" and tree.get("/lib/x") is None
    tree.add_file("/lib/y", b"y")
    tree.add_file("/etc/absolute/new/z", b"z")
    assert tree.read("/usr/lib/y") == b"y" and tree.read("/usr/lib/new/z") == b"z"
    tree.add_symlink("/run", "/tmp/run")
    tree.add_file("/run/pid", b"1")
    assert tree.read("/tmp/run/pid") == b"1", "expected the folder to be made where the link leads"
    assert tree.remove("/run/pid") and tree.get("/tmp/run").children == {}


def test_as_many_links_as_the_kernel_follows(tmp_path):
    tree = Tree()
    tree.add_file("/0", b"0")
    (tmp_path / "0").write_bytes(b"0")
    for number in range(1, MAX_LINKS + 2):
        tree.add_symlink(f"/{number}", str(number - 1))
        (tmp_path / str(number)).symlink_to(str(number - 1))
    assert tree.read(f"/{MAX_LINKS}") == (tmp_path / str(MAX_LINKS)).read_bytes()
    assert tree.resolve(f"/{MAX_LINKS + 1}") is None
    with pytest.raises(OSError):
        (tmp_path / str(MAX_LINKS + 1)).read_bytes()
    tree.add_symlink("/loop", "loop/loop")
    assert tree.resolve("/loop") is None and tree.resolve("/loop/x") is None
    with pytest.raises(Refused, match="'/loop/x' goes through too many symbolic links"):
        tree.add_file("/loop/x", b"")
    tree.add_symlink("/slow", "a/../" * 600)
    tree.add_folder("/a")
    assert tree.resolve("/slow") is None


def test_hard_links():
    tree = example()
    assert tree.get("/a-first") is tree.get("/usr/bin/x")
    tree.add_hard_link("/a-first", "/a-first")
    tree.add_symlink("/s", "nowhere")
    tree.add_hard_link("/t", "/s")
    assert tree.get("/t").target == "nowhere", "expected the link itself"
    for existing, why in (("/nothing", "is not there"), ("/usr", "is a folder"), ("/", "is a folder"),
                          ("/empty/x", "is not there")):
        with pytest.raises(Refused, match=why):
            tree.add_hard_link("/u", existing)
    tree.add_file("/usr/bin/x", b"another")
    assert tree.read("/a-first") == b"content"


def test_unpacked_bytes():
    tree = Tree()
    assert tree.unpacked_bytes() == 1024
    tree.add_file("/a", b"x" * 4097)
    tree.add_hard_link("/b", "/a")
    assert tree.unpacked_bytes() == 3 * 1024 + 8192


def test_too_many():
    tree = Tree()
    for number in range(199_999):
        tree.add_file(str(number), b"")
    tree.add_file("1", b"again")
    with pytest.raises(Refused, match="more than 200000 files and folders"):
        tree.add_file("one more", b"")
    tree.remove("0")
    tree.add_file("one more", b"")


def test_the_archive():
    data = archive(example())
    files = cpio.read(data)
    assert list(files) == ["service", "service/a-first", "service/bin", "service/empty", "service/usr",
                           "service/usr/bin", "service/usr/bin/x",
                           "service/var", "service/var/tmp"]
    first = files["service/a-first"]
    assert (first.mode, first.uid, first.gid, first.content) == (stat.S_IFREG | 0o4755, 65539, 65540, b"content")
    assert files["service/bin"][:3] == (stat.S_IFLNK | 0o777, 65541, 65542)
    assert files["service/bin"].content == b"usr/bin"
    assert files["service/var/tmp"][:3] == (stat.S_IFDIR | 0o1777, 65536, 65536)
    assert {file.mtime for file in files.values()} == {1767225600}
    inodes = {name: (inode, links, size) for name, inode, links, size in headers(data)}
    # The kernel links the later one to the first, which has the content.
    assert inodes["service/a-first"][1:] == (2, 7)
    assert inodes["service/usr/bin/x"] == (inodes["service/a-first"][0], 2, 0)
    assert len({inode for inode, _, _ in inodes.values()}) == len(files) - 1 and inodes["service/empty"][1:] == (1, 0)
    assert data == archive(example()), "expected the same bytes"


def test_the_guests_own_members():
    facts = Tree()
    facts.add_file("/etc/thimble/service", b"name=x\n")
    files = cpio.read(archive(example(), guests=facts.walk()))
    assert list(files)[:4] == ["etc", "etc/thimble", "etc/thimble/service", "service"]
    assert [files[name].uid for name in ("etc/thimble/service", "service")] == [0, 65536]


def test_the_build_s_time(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    assert {file.mtime for file in cpio.read(archive(example())).values()} == {1000000000}
    for text in ("soon", "-1", "99999999999"):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", text)
        with pytest.raises(Refused, match=f"SOURCE_DATE_EPOCH='{text}'"):
            archive(example())


def test_what_an_archive_cannot_carry():
    tree = Tree()
    tree.add_file("/".join(["n" * 203] * 20 + ["much longer"]), b"")
    archive(tree, below="")
    with pytest.raises(Refused, match="longer than 4095 bytes in the guest"):
        archive(tree)
    tree = Tree()
    tree.add_file("/TRAILER!!!", b"")
    archive(tree)
    with pytest.raises(Refused, match="TRAILER!!!"):
        archive(tree, below="")
    with pytest.raises(Refused, match="larger than 4294967295 bytes"):
        tree.add_file("/x", Slice("/dev/null", 0, 1 << 32))
    with pytest.raises(ValueError, match="the folder of a/b does not come before it"):
        write_archive(io.BytesIO(), [("/a/b", tree.get("/TRAILER!!!"))], lambda *owner: owner)


def test_as_cpio_unpacks_it(tmp_path):
    subprocess.run(["cpio", "-id", "--quiet"], input=archive(example()), cwd=tmp_path, check=True)
    assert (tmp_path / "service/bin/x").read_bytes() == b"content"
    assert (tmp_path / "service/a-first").stat().st_ino == (tmp_path / "service/usr/bin/x").stat().st_ino


def test_content_is_read_when_it_is_written(tmp_path):
    """In pieces: a large file needs no memory of its size."""
    path, size = tmp_path / "file", 40_000_000
    with open(path, "wb") as file:
        for number in range(size // 1000):
            file.write(b"%-1000d" % number)
    tree = Tree()
    tree.add_file("/all", Slice(str(path), 0, size))
    tree.add_file("/part", Slice(str(path), 5000, 2000))
    assert tree.read("/part") == b"%-1000d%-1000d" % (5, 6) and tree.read("/all", 3) == b"0  "
    made = hashlib.sha256()

    class Out:
        def write(self, data):
            made.update(data)

    tracemalloc.start()
    write_archive(Out(), tree.walk(), lambda *owner: owner)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8_000_000, f"{peak} bytes of memory"
    out = io.BytesIO()
    write_archive(out, tree.walk(), lambda *owner: owner)
    assert made.hexdigest() == hashlib.sha256(out.getvalue()).hexdigest()
    assert cpio.read(out.getvalue())["all"].content == path.read_bytes()


def test_a_file_that_is_another_one_when_it_is_written(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"content")
    status = path.stat()
    tree = Tree()
    tree.add_file("/x", Slice(str(path), 0, 7, identity=(status.st_dev, status.st_ino)))
    archive(tree)
    os.truncate(path, 3)
    with pytest.raises(Refused, match="has become shorter while it was read"):
        archive(tree)
    (tmp_path / "other").write_bytes(b"another")
    (tmp_path / "other").rename(path)
    with pytest.raises(Refused, match="is no longer the file that it was"):
        archive(tree)
    path.unlink()
    path.symlink_to("/etc/passwd")
    with pytest.raises(Refused, match="cannot be read"):
        archive(tree)
    path.unlink()
    with pytest.raises(Refused, match="cannot be read: No such file"):
        archive(tree)
