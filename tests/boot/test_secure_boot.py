"""UEFI Secure Boot with one's own key starts what is signed with it, and nothing else."""

import shutil
import subprocess

import pytest

from guest import TREE
from guests import MISBEHAVE
from media import (OVMF_EMPTY, OVMF_MICROSOFT, add_boot_entry, configure, image, make_disk, make_key, secure_boot_options,
                   sign)
from overlay import overlay
from relayed import wait_relayed

SETTINGS = "relay.upstream = 192.0.2.1:1688\nrelay.guard = off\n"
BOOT_S = 240
REFUSED = r"failed to (load|start).*(Access Denied|Security Violation)"


@pytest.fixture(scope="session")
def site_key(tmp_path_factory):
    return make_key(tmp_path_factory.mktemp("key"), "site")


@pytest.fixture
def variables(site_key, tmp_path):
    path = tmp_path / "vars.fd"
    subprocess.run([TREE / "tools/ovmf-keys", site_key[1], OVMF_EMPTY, path], check=True)
    return path


@pytest.fixture
def signed(site_key, tmp_path):
    """A signed kernel with settings in it: written first, then signed."""
    kernel = tmp_path / "kernel.efi"
    shutil.copyfile(image("efi"), kernel)
    assert configure(kernel, SETTINGS).returncode == 0
    return sign(kernel, *site_key, tmp_path / "signed.efi")


@pytest.mark.deadline(300)
def test_signed_image_boots(dual_stack, boot, signed, variables, tmp_path):
    guest = boot(dual_stack, upstream=None, guard=True,
                 **secure_boot_options(make_disk(signed, tmp_path / "signed.img"), variables))
    wait_relayed(dual_stack, guest.wait_address(r"192\.0\.2\.\d+", BOOT_S))


@pytest.mark.deadline(300)
def test_settings_put_into_a_signed_image(dual_stack, boot, site_key, variables, tmp_path):
    """thimble-config signs a disk's kernel anew, and refuses to break a signature."""
    disk = make_disk(sign(image("efi"), *site_key, tmp_path / "signed.efi"), tmp_path / "signed.img")
    before = disk.read_bytes()
    refused = configure(disk, SETTINGS)
    assert refused.returncode == 1 and "--sign-key" in refused.stderr, f"expected a refusal, got {refused}"
    assert disk.read_bytes() == before, "expected the image as it was"
    done = configure(disk, SETTINGS, "--sign-key", site_key[0], "--sign-cert", site_key[1])
    assert done.returncode == 0, done.stderr
    guest = boot(dual_stack, upstream=None, guard=True, **secure_boot_options(disk, variables))
    wait_relayed(dual_stack, guest.wait_address(r"192\.0\.2\.\d+", BOOT_S))


def tamper(path):
    """Other settings in the signed page, the signature as it was."""
    data = bytearray(path.read_bytes())
    at = data.index(b"192.0.2.1:1688")
    data[at:at + 9] = b"192.0.2.9"
    path.write_bytes(data)
    return path


@pytest.mark.deadline(300)
@pytest.mark.parametrize("what", ["unsigned", "tampered", "signed by another", "of Microsoft's keys"])
def test_nothing_else_boots(lan, boot, signed, variables, tmp_path, what):
    if what == "unsigned":
        kernel = image("efi")
    elif what == "tampered":
        kernel = tamper(signed)
    elif what == "signed by another":
        kernel = sign(image("efi"), *make_key(tmp_path, "other"), tmp_path / "other.efi")
    else:
        kernel = signed
        shutil.copyfile(OVMF_MICROSOFT, variables)
    guest = boot(lan, upstream=None, guard=True,
                 **secure_boot_options(make_disk(kernel, tmp_path / "disk.img"), variables))
    guest.wait_screen(REFUSED, BOOT_S)
    assert "kms-relay" not in guest.screen(), f"expected no status screen:\n{guest.screen()}"


# The command line of a boot entry is no part of what is signed: what it may do, and what not.

LOG_LINES = 200  # of the kernel's as well
UNSIGNED = {"/init": (0o755, MISBEHAVE.read_bytes()), "/etc/thimble.conf": (0o644, b"hostname = unsigned\n")}


@pytest.fixture
def boot_by_entry(boot, lan, signed, variables, tmp_path):
    """boot_by_entry(OPTIONS): a guest that the firmware starts by a boot entry with this command line. Beside the kernel
    lies an initrd that nobody signed, with a PID 1 of its own."""
    def start(options):
        removable = tmp_path / "disk/EFI/BOOT/BOOTX64.EFI"
        removable.parent.mkdir(parents=True)
        shutil.copyfile(signed, removable)
        overlay(tmp_path / "disk", UNSIGNED)
        add_boot_entry(variables, options)
        return boot(lan, upstream=None, guard=True, lines=LOG_LINES,
                    **secure_boot_options(tmp_path / "disk", variables))
    return start


@pytest.mark.deadline(400)
def test_boot_entry_with_an_initrd(boot_by_entry):
    """It is ignored, program and settings; the log says so."""
    guest = boot_by_entry("initrd=\\overlay.cpio thimble.hostname=by-entry")
    guest.wait_screen(r"kms-relay .*by-entry", BOOT_S)
    guest.press(b"l")
    guest.wait_screen(r"Secure Boot: the initrd is not signed, it is ignored")


@pytest.mark.deadline(400)
def test_boot_entry_with_init(boot_by_entry):
    """Ignored as well: PID 1 is the root's own. Settings are taken."""
    guest = boot_by_entry("init=/bin/log thimble.hostname=by-entry")
    guest.wait_screen(r"by-entry", BOOT_S)


@pytest.mark.deadline(400)
@pytest.mark.parametrize("rdinit, expected", [
    # Neither that nor a shell is in the image.
    ("/bin/sh", r"Kernel panic - not syncing: No working init found"),
    # A program of the image, which is signed, takes the place of PID 1.
    ("/usr/bin/relay", r"^relay: listener .*-> listening"),
], ids=["no such program", "a program of the image"])
def test_boot_entry_with_rdinit(boot_by_entry, rdinit, expected):
    guest = boot_by_entry(f"initrd=\\overlay.cpio rdinit={rdinit}")
    guest.wait_screen(expected, BOOT_S)
