"""UEFI Secure Boot with one's own key starts what is signed with it, and nothing else."""

import shutil
import subprocess

import pytest

from guest import TREE
from media import (OVMF_EMPTY, OVMF_MICROSOFT, configure, image, make_disk, make_key, secure_boot_options, sign)
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
