"""Linux grants what the fragments of PLATFORM=metal and SMP=1 ask for; what it does not grant is named with file and line."""

import pytest

from tree import BUILD

OBJECTS = f"{BUILD}/objects"


@pytest.mark.deadline(300)
def test_metal(kernel_tree):
    metal = "PLATFORM=metal", f"LINUX={OBJECTS}", f"{OBJECTS}/.config-checked"
    said = kernel_tree.make(*metal)
    assert "unpack" not in said, f"expected the source as it is, got:\n{said}"
    lines = (kernel_tree.folder / OBJECTS / ".config").read_text().splitlines()
    for symbol in ("R8169", "USB_KBD", "VIRTIO_NET"):
        assert f"CONFIG_{symbol}=y" in lines, f"expected {symbol} beside all the others"

    local = kernel_tree.folder / "kernel/local.config"
    local.write_text("CONFIG_USB_ANNOUNCE_NEW_DEVICES=y\nCONFIG_USB_STORAGE=y # needs disks\n")
    said = kernel_tree.refuses(*metal)
    expected = "kernel/local.config:2: CONFIG_USB_STORAGE=y is asked for, the configuration has it off"
    assert expected in said and "local.config:1" not in said, f"expected {expected!r}, got:\n{said}"


@pytest.mark.deadline(300)
def test_several_processors(kernel_tree):
    kernel_tree.make("SMP=1", f"LINUX={OBJECTS}", f"{OBJECTS}/.config-checked")
    assert "CONFIG_NR_CPUS=64" in (kernel_tree.folder / OBJECTS / ".config").read_text().splitlines()
