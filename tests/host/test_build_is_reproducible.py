"""Two folders, two users' settings: the same bytes of every program, package, root and container."""

import hashlib
import os

import pytest

from tree import APPLIANCES, ROOTS, Tree, build_roots


@pytest.fixture(scope="module")
def other_tree(tmp_path_factory):
    """Built from nothing, deeper, later, with another umask, time zone and language."""
    tree = Tree(tmp_path_factory.mktemp("other") / "a/longer/path to it".replace(" ", "-") / "thimble")
    before = os.umask(0o077)
    try:
        build_roots(tree, TZ="Asia/Tokyo", LANG="de_DE.UTF-8", LC_ALL="C.UTF-8", SOURCE_DATE_EPOCH="1")
    finally:
        os.umask(before)
    return tree


def digests(tree):
    """Each file that goes into a guest, and each container -> its hash."""
    # busybox is there when DEBUG=1 was built.
    packages = [package for package in tree.build("packages").glob("*") if package.name != "busybox"]
    paths = [*tree.build("bin").glob("*"), *(path for package in packages for path in package.glob("root/**/*"))]
    paths += [tree.folder / path for appliance in APPLIANCES for path in ROOTS[appliance]]
    paths += [tree.folder / f"out/{appliance}-x86_64.oci.tar" for appliance in APPLIANCES]
    return {
        str(path.relative_to(tree.folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths if path.is_file()
    }


def test_same_bytes(built_tree, other_tree):
    one, other = digests(built_tree), digests(other_tree)
    assert {"relay", "init", "dnsmasq", "dhcpcd", "rootfs.cpio", "archive"} <= {path.rsplit("/", 1)[1] for path in one}
    assert one == other


def test_no_path_of_the_build(other_tree):
    for path in digests(other_tree):
        assert str(other_tree.folder).encode() not in (other_tree.folder / path).read_bytes(), path
