"""tools/service reads a folder of this host as a root: it follows no link, and keeps what a guest can have."""

import io
import os
import pathlib
import socket
import stat
import subprocess
import sys

import pytest

import cpio
from tree import HERE

sys.path.insert(0, str(HERE / "tools"))
from service import folder
from service.tree import Refused, write_archive


@pytest.fixture
def root(tmp_path):
    made = tmp_path / "root"
    made.mkdir()
    return made


def paths(tree):
    return [path for path, _ in tree.walk()]


def test_all_kinds(root):
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/x").write_bytes(b"content")
    (root / "usr/bin/x").chmod(0o4711)
    os.link(root / "usr/bin/x", root / "same")
    (root / "bin").symlink_to("usr/bin")
    (root / "tmp").mkdir(mode=0o700)
    (root / "tmp").chmod(0o1777)
    root.chmod(0o711)
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(root / "socket"))
    (pathlib.Path(os.fsdecode(bytes(root) + b"/\xff\n"))).write_bytes(b"name")
    tree = folder.read(root)
    assert paths(tree) == ["/", "/bin", "/same", "/tmp", "/usr", "/usr/bin", "/usr/bin/x", "/\udcff\n"]
    assert tree.get("/usr/bin/x") is tree.get("/same") and tree.get("/same").mode == 0o4711
    assert tree.read("/bin/x") == b"content"
    assert tree.get("/").mode == 0o711 and tree.get("/tmp").mode == 0o1777 and tree.get("/bin").target == "usr/bin"
    assert tree.notes == ["left out: 1 fifo, '/pipe'", "left out: 1 socket, '/socket'"]
    out = io.BytesIO()
    write_archive(out, tree.walk("/service"), lambda uid, gid: (uid + 65536, gid + 65536))
    assert len(out.getvalue()) % 4 == 0


def test_no_link_is_followed(root, tmp_path):
    """But for the folder's own name."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    for name, target in (("folder", outside), ("file", outside / "secret"), ("up", "../outside"),
                         ("dangling", "/nothing"), ("loop", "loop")):
        (root / name).symlink_to(target)
    link = tmp_path / "link"
    link.symlink_to("root")
    tree = folder.read(link)
    assert paths(tree) == ["/", "/dangling", "/file", "/folder", "/loop", "/up"]
    assert all(item.kind == "symlink" for path, item in tree.walk() if path != "/")
    assert tree.resolve("/folder") is None and tree.resolve("/up") is None


def test_a_file_that_becomes_a_link(root, tmp_path):
    """Between reading the folder and writing the archive."""
    (tmp_path / "secret").write_bytes(b"secret")
    (root / "a").mkdir()
    (root / "a/x").write_bytes(b"public")
    tree = folder.read(root)
    (root / "a").rename(root / "b")
    (root / "a").symlink_to(tmp_path)
    (tmp_path / "x").write_bytes(b"secret")
    with pytest.raises(Refused, match="is no longer the file that it was"):
        tree.read("/a/x")


@pytest.mark.parametrize("user, of_file, expected", [
    (1000, (1000, 1000), (0, 0)), (1000, (0, 33), (0, 33)), (0, (0, 33), (0, 33)), (0, (70000, 65535), (65534, 65535))])
def test_owners(root, monkeypatch, user, of_file, expected):
    """What belongs to the ordinary user who reads the folder is root's; root's numbers stay, where the guest has them."""
    (root / "x").write_bytes(b"")
    for call in ("stat", "fstat"):
        def owned(path, call=getattr(os, call), **more):
            found = list(call(path, **more)[:10])
            found[stat.ST_UID], found[stat.ST_GID] = of_file
            return os.stat_result(found)
        monkeypatch.setattr(os, call, owned)
    monkeypatch.setattr(os, "getuid", lambda: user)
    monkeypatch.setattr(os, "getgid", lambda: user)
    assert {(item.uid, item.gid) for _, item in folder.read(root).walk()} == {expected}


def test_what_cannot_be_read(root, monkeypatch):
    (root / "a").mkdir()
    (root / "a/key").write_bytes(b"")
    monkeypatch.setattr(os, "access", lambda *words, **more: False)
    with pytest.raises(Refused) as caught:
        folder.read(root)
    assert str(caught.value) == f"the file '{root}/a/key' cannot be read: permission denied"
    for path, why in ((root / "nothing", "No such file or directory"), (root / "a/key", "Not a directory")):
        with pytest.raises(Refused, match=f"the folder '{path}' cannot be read: {why}"):
            folder.read(path)


def test_what_goes_while_it_is_read(root, monkeypatch):
    (root / "a").mkdir()
    (root / "b").write_bytes(b"")
    names = os.listdir
    monkeypatch.setattr(os, "listdir", lambda where: [*names(where), "gone"])
    with pytest.raises(Refused, match=f"'{root}/a/gone' cannot be read: No such file or directory"):
        folder.read(root)


def test_a_mount_of_the_kernels_own(root):
    """A /proc that is mounted in it is the host's: the folder is taken, empty. Any other mount is taken as it is."""
    for name in ("proc", "data"):
        (root / name).mkdir()
    try:
        subprocess.run(["mount", "-t", "proc", "proc", root / "proc"], check=True)
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", root / "data"], check=True)
        (root / "data/x").write_bytes(b"x")
        tree = folder.read(root)
    finally:
        subprocess.run(["umount", "-l", root / "proc", root / "data"])
    assert paths(tree) == ["/", "/data", "/data/x", "/proc"]
    assert tree.notes == ["'/proc' is a file system of this host's kernel: it is taken as an empty folder"]


def test_a_deep_folder(root):
    """As deep as a path can be."""
    where = os.open(root, os.O_RDONLY)
    for _ in range(500):
        os.mkdir("deeper", dir_fd=where)
        deeper = os.open("deeper", os.O_RDONLY, dir_fd=where)
        os.close(where)
        where = deeper
    os.close(where)
    tree = folder.read(root)
    assert tree.count == 501 and tree.get("/deeper" * 500).kind == "folder"


def test_the_same_bytes(root):
    for name in ("b", "a", "c/d"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(name.encode())
    archives = []
    for _ in range(2):
        out = io.BytesIO()
        write_archive(out, folder.read(root).walk("/service"), lambda *owner: owner)
        archives.append(out.getvalue())
        os.utime(root / "a", (1, 1))
    assert archives[0] == archives[1] and cpio.read(archives[0])["service/c/d"].content == b"c/d"
