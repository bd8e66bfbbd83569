"""Linux grants what the fragments of PLATFORM=metal ask for; what it does not grant is named with file and line."""

import shutil

import pytest

from tree import BUILD, HERE

CHECKED = "linux-metal/.config-checked"


@pytest.fixture
def kernel_tree(copied_tree):
    """A copy of the tree that configures this one's source of the kernel, which nothing writes into."""
    source = copied_tree.build("linux-src")
    shutil.rmtree(source)
    source.symlink_to(HERE / BUILD / "linux-src")
    # As old as it is here, or the source would be unpacked again.
    shutil.copystat(HERE / BUILD / "linux-src.id", copied_tree.build("linux-src.id"))
    return copied_tree


@pytest.mark.deadline(300)
def test_metal(kernel_tree):
    said = kernel_tree.make("PLATFORM=metal", f"{BUILD}/{CHECKED}")
    assert "unpack" not in said, f"expected the source as it is, got:\n{said}"
    lines = kernel_tree.build("linux-metal/.config").read_text().splitlines()
    for symbol in ("R8169", "USB_KBD", "VIRTIO_NET"):
        assert f"CONFIG_{symbol}=y" in lines, f"expected {symbol} beside all the others"
    assert not kernel_tree.build("linux").exists(), "expected a folder of its own, so that switching rebuilds nothing"

    local = kernel_tree.folder / "kernel/local.config"
    local.write_text("CONFIG_USB_ANNOUNCE_NEW_DEVICES=y\nCONFIG_USB_STORAGE=y # needs disks\n")
    said = kernel_tree.refuses("PLATFORM=metal", f"{BUILD}/{CHECKED}")
    expected = "kernel/local.config:2: CONFIG_USB_STORAGE=y is asked for, the configuration has it off"
    assert expected in said and "local.config:1" not in said, f"expected {expected!r}, got:\n{said}"
