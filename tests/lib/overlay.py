"""Files laid over the guest's root: a second initramfs, unpacked by the kernel on top of the image's own.

So the image that is tested is the one that ships, and only a file of it differs."""

import pathlib

import cpio
from guest import TREE


def overlay(folder, files):
    """Writes FOLDER/overlay.cpio with FILES, {"/path/in/the/guest": (mode, bytes)}; the path goes to
    QEMU's -initrd. The folders must exist in the image."""
    path = pathlib.Path(folder) / "overlay.cpio"
    path.write_bytes(cpio.write({name.lstrip("/"): file for name, file in files.items()}))
    return path


def facts(**changes):
    """/etc/thimble/appliance with CHANGES, as the build writes it."""
    values = {"APPLIANCE_NAME": "test", "VERSION": "0", "ARCH": "x86_64", "DEBUG": "0",
              "SERVICE_NAME": "misbehave", "SERVICE_PORTS": "7000/tcp", "SERVICE_CAPABILITIES": "",
              "SERVICE_PROCESSES": "64", "SERVICE_SEES": "/", "HELPER_PROGRAM": "", **changes}
    text = (TREE / "rootfs/appliance.in").read_text()
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    assert "@" not in text, f"rootfs/appliance.in has a fact that this test does not know:\n{text}"
    return 0o644, text.encode()
