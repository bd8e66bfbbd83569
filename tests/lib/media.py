"""How an image is started: which firmware, and what its file is plugged in as. Tables, and QEMU's arguments from them."""

import collections
import os
import shutil
import subprocess
import tarfile

from guest import TREE

OVMF = "/usr/share/ovmf/OVMF.fd"
FORMATS = ["efi", "iso", "img", "qcow2", "vmdk", "ova", "vhd", "vhdx", "vdi", "vmlinux"]

# bios: QEMU's SeaBIOS, or on microvm its own; with a kernel it is the one that starts it.
# boot_s: how long it may take, the guest included, in emulation.
Firmware = collections.namedtuple("Firmware", "argv memory_mb boot_s")
FIRMWARES = {"bios": Firmware([], 64, 90), "uefi": Firmware(["-bios", OVMF], 128, 180)}

# As what a drive called "image" is plugged in.
DRIVES = {
    "cd": ["-device", "ide-cd,drive=image,bootindex=0"],
    "ide": ["-device", "ide-hd,drive=image,bootindex=0"],
    "virtio": ["-device", "virtio-blk-pci,drive=image,bootindex=0"],
    "pvscsi": ["-device", "pvscsi,id=scsi", "-device", "scsi-hd,drive=image,bus=scsi.0,bootindex=0"],
    "scsi": ["-device", "virtio-scsi-pci,id=scsi", "-device", "scsi-hd,drive=image,bus=scsi.0,bootindex=0"],
    "nvme": ["-device", "nvme,drive=image,serial=1,bootindex=0"],
    "usb": ["-device", "qemu-xhci", "-device", "usb-storage,drive=image,bootindex=0"],
}
QEMU_FORMAT = {"iso": "raw", "img": "raw", "qcow2": "qcow2", "vmdk": "vmdk", "vhd": "vpc", "vhdx": "vhdx", "vdi": "vdi"}


def image(suffix, name="kms-relay"):
    """What `make images` made."""
    return TREE / f"out/{name}-x86_64.{suffix}"


def configure(path, settings, *options):
    """tools/thimble-config with the text SETTINGS; the finished process."""
    conf = path.with_name(path.name + ".conf")
    conf.write_text(settings)
    return subprocess.run([TREE / "tools/thimble-config", *options, path, conf], capture_output=True, text=True)


def copy_configured(suffix, folder, settings):
    """A copy of an image in FOLDER with SETTINGS in it."""
    path = folder / image(suffix).name
    shutil.copyfile(image(suffix), path)
    done = configure(path, settings)
    assert done.returncode == 0, f"thimble-config: {done.stderr}"
    return path


def disk_of_ova(path, folder):
    """The disk in an OVA, converted as a hypervisor does that takes none of it."""
    with tarfile.open(path) as tar:
        disk = next(member for member in tar if member.name.endswith(".vmdk"))
        tar.extract(disk, folder)
    raw = folder / "from-ova.img"
    subprocess.run(["qemu-img", "convert", "-O", "raw", folder / disk.name, raw], check=True)
    return raw


def boot_options(path, plugged, firmware, folder):
    """Options of Guest that start the image at PATH. PLUGGED: one of DRIVES, or "kernel"."""
    options = {"memory_mb": FIRMWARES[firmware].memory_mb, "extra": list(FIRMWARES[firmware].argv), "image": None}
    if plugged == "kernel":
        options["image"] = path
        return options
    suffix = path.suffix[1:]
    if suffix == "ova":
        path, suffix = disk_of_ova(path, folder), "img"
    # What is written goes to a file of QEMU's own, and is gone with it.
    keep = "readonly=on" if plugged == "cd" else "snapshot=on"
    options["extra"] += ["-drive", f"if=none,id=image,format={QEMU_FORMAT[suffix]},{keep},file={path}", *DRIVES[plugged]]
    return options


# --- Secure Boot ----------------------------------------------------------------------------------------------------

OVMF_SECURE = "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd"
OVMF_EMPTY = "/usr/share/OVMF/OVMF_VARS_4M.fd"
OVMF_MICROSOFT = "/usr/share/OVMF/OVMF_VARS_4M.ms.fd"
SECURE_MEMORY_MB = 192


def make_key(folder, name):
    """(key, certificate), PEM files, as docs/secure-boot.md makes them."""
    key, certificate = folder / f"{name}.key", folder / f"{name}.crt"
    subprocess.run(["openssl", "req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650",
                    "-subj", f"/CN={name}/", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return key, certificate


def sign(kernel, key, certificate, signed):
    subprocess.run(["sbsign", "--key", key, "--cert", certificate, "--output", signed, kernel], check=True,
                   capture_output=True)
    return signed


def make_disk(kernel, disk):
    """The raw disk that `make img` makes, of another kernel."""
    subprocess.run([TREE / "image/img/build", kernel, TREE / "build/x86_64/syslinux", disk], check=True,
                   env={**os.environ, "SOURCE_DATE_EPOCH": "1767225600"})
    return disk


def secure_boot_options(disk, variables):
    """Options of Guest: a q35 whose firmware keeps its keys from the guest (SMM) and starts DISK."""
    pflash = ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={OVMF_SECURE}",
              "-drive", f"if=pflash,format=raw,unit=1,file={variables}"]
    return {"image": None, "machine": "q35", "memory_mb": SECURE_MEMORY_MB,
            "extra": ["-machine", "smm=on", "-global", "driver=cfi.pflash01,property=secure,value=on", *pflash,
                      "-drive", f"if=none,id=image,format=raw,snapshot=on,file={disk}", *DRIVES["virtio"]]}
