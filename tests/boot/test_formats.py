"""Each format starts by each firmware that takes it, as what it is plugged in, and relays through each kind of NIC."""

import collections
import os

import pytest

from media import FIRMWARES, FORMATS, boot_options, copy_configured
from relayed import exchange, wait_relayed

Case = collections.namedtuple("Case", "format plugged firmware machine nic")

MODERN = "virtio-net-pci,disable-legacy=on"
TRANSITIONAL = "virtio-net-pci,disable-legacy=off,disable-modern=off"

# What hypervisors do with each format: Hyper-V's generation 1 shows IDE and a DEC 21140, VMware SCSI and vmxnet3,
# VirtualBox an e1000. Every NIC model has a case. (This OVMF has no driver for pvscsi; VMware's own firmware has.)
CASES = [
    Case("efi", "kernel", "bios", "pc", MODERN),
    Case("efi", "kernel", "bios", "microvm", "virtio-net-device"),
    Case("efi", "kernel", "uefi", "q35", TRANSITIONAL),
    Case("vmlinux", "kernel", "bios", "pc", "e1000"),
    Case("vmlinux", "kernel", "bios", "microvm", "virtio-net-device"),
    Case("iso", "cd", "bios", "pc", "pcnet"),
    Case("iso", "cd", "bios", "q35", "e1000e"),
    Case("iso", "cd", "uefi", "q35", "e1000e"),
    Case("iso", "usb", "bios", "q35", MODERN),
    Case("iso", "usb", "uefi", "q35", MODERN),
    Case("iso", "ide", "bios", "pc", TRANSITIONAL),
    Case("img", "ide", "bios", "pc", "e1000-82545em"),
    Case("img", "virtio", "bios", "q35", TRANSITIONAL),
    Case("img", "usb", "bios", "pc", "e1000"),
    Case("img", "nvme", "uefi", "q35", "vmxnet3"),
    Case("img", "virtio", "uefi", "pc", "e1000"),
    Case("qcow2", "virtio", "bios", "pc", TRANSITIONAL),
    Case("qcow2", "virtio", "uefi", "q35", MODERN),
    Case("vmdk", "pvscsi", "bios", "pc", "vmxnet3"),
    Case("vmdk", "scsi", "uefi", "q35", "vmxnet3"),
    Case("ova", "scsi", "uefi", "q35", "vmxnet3"),
    Case("vhd", "ide", "bios", "pc", "tulip"),
    Case("vhdx", "scsi", "uefi", "q35", "tulip"),
    Case("vdi", "ide", "bios", "pc", "pcnet"),
    Case("vdi", "ide", "uefi", "q35", "e1000"),
]

SETTINGS = "# of the tests\nrelay.upstream = 192.0.2.1:1688\nrelay.guard = off\nhostname = from-the-image\n"


@pytest.fixture(scope="session")
def configured(tmp_path_factory):
    """The path of each format's image, with SETTINGS in it."""
    folder = tmp_path_factory.mktemp("images")
    return {suffix: copy_configured(suffix, folder, SETTINGS) for suffix in FORMATS}


def test_every_format_has_a_case():
    assert {case.format for case in CASES} == set(FORMATS)


@pytest.mark.deadline(300)
@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(word.partition(",")[0] for word in case))
def test_starts_and_relays(dual_stack, boot, configured, tmp_path, case):
    guest = boot(dual_stack, machine=case.machine, nic_model=case.nic, upstream=None, guard=True,
                 **boot_options(configured[case.format], case.plugged, case.firmware, tmp_path))
    four = guest.wait_address(r"192\.0\.2\.1[0-9][0-9]", FIRMWARES[case.firmware].boot_s)
    wait_relayed(dual_stack, four)
    payload = os.urandom(300_000)
    assert exchange(dual_stack, four, payload, timeout=60) == payload, "expected the same bytes back"
    guest.wait_screen(r"^ Ready: relay")
    guest.wait_screen(r"from-the-image")
    guest.wait_screen(r"192\.0\.2\.1:1688")
