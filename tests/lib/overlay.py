"""Files laid over the guest's root: a second initramfs, unpacked by the kernel on top of the image's own.

So the image that is tested is the one that ships, and only a file of it differs."""

import pathlib

from guest import TREE

S_IFREG = 0o100000


def _entry(number, name, mode, data):
    """One member in cpio's "newc" form (Linux, Documentation/driver-api/early-userspace/buffer-format)."""
    path = name.encode() + b"\0"
    fields = [number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path), 0]
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + path
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


def overlay(folder, files):
    """Writes FOLDER/overlay.cpio with FILES, {"/path/in/the/guest": (mode, bytes)}; the path goes to
    QEMU's -initrd. The folders must exist in the image."""
    members = [_entry(number, name.lstrip("/"), S_IFREG | mode, data)
               for number, (name, (mode, data)) in enumerate(sorted(files.items()), 1)]
    path = pathlib.Path(folder) / "overlay.cpio"
    path.write_bytes(b"".join(members) + _entry(0, "TRAILER!!!", 0, b""))
    return path


def facts(**changes):
    """/etc/thimble/appliance with CHANGES, as the build writes it."""
    values = {"APPLIANCE_NAME": "test", "VERSION": "0", "ARCH": "x86_64", "DEBUG": "0",
              "SERVICE_NAME": "misbehave", "SERVICE_PORTS": "7000/tcp", "SERVICE_CAPABILITIES": "",
              "SERVICE_PROCESSES": "64", "SERVICE_MEMORY": "70", **changes}
    text = (TREE / "rootfs/appliance.in").read_text()
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    assert "@" not in text, f"rootfs/appliance.in has a fact that this test does not know:\n{text}"
    return 0o644, text.encode()


def service_user_is(uid):
    """/etc/passwd in which the user of the service is UID."""
    lines = [line.split(":") for line in (TREE / "rootfs/etc/passwd").read_text().splitlines()]
    for fields in lines:
        if fields[0] == "service":
            fields[2] = fields[3] = str(uid)
    return 0o644, "".join(":".join(fields) + "\n" for fields in lines).encode()
