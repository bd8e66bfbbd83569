"""How an image is started: which firmware, and what its file is plugged in as. Tables, and QEMU's arguments from them."""

import collections
import importlib.machinery
import importlib.util
import os
import shutil
import struct
import subprocess

from guest import TREE

from image import formats as image_formats  # of tools/, which guest put into the path

OVMF = "/usr/share/ovmf/OVMF.fd"
FORMATS = ["efi", *image_formats.FORMATS]

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


def readable(path, folder):
    """(a disk that QEMU reads, its format there): the image at PATH, or what is unpacked from it to FOLDER."""
    form = image_formats.FORMATS[path.name.partition(".")[2]]
    while form.unpack:
        subprocess.run([form.unpack, path, folder], check=True)
        path, form = image_formats.input_of(form, folder), image_formats.FORMATS[form.source]
    return path, form.qemu


def boot_options(path, plugged, firmware, folder):
    """Options of Guest that start the image at PATH. PLUGGED: one of DRIVES, or "kernel"."""
    options = {"memory_mb": FIRMWARES[firmware].memory_mb, "extra": list(FIRMWARES[firmware].argv), "image": None}
    if plugged == "kernel":
        options["image"] = path
        return options
    path, qemu_format = readable(path, folder)
    # What is written goes to a file of QEMU's own, and is gone with it.
    keep = "readonly=on" if plugged == "cd" else "snapshot=on"
    options["extra"] += ["-drive", f"if=none,id=image,format={qemu_format},{keep},file={path}", *DRIVES[plugged]]
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
    subprocess.run([TREE / "formats/img/build", kernel, disk, "BOOTX64.EFI", TREE / "build/x86_64/syslinux"], check=True,
                   env={**os.environ, "SOURCE_DATE_EPOCH": "1767225600"})
    return disk


REMOVABLE = "\\EFI\\BOOT\\BOOTX64.EFI"


def _ovmf_keys():
    loader = importlib.machinery.SourceFileLoader("ovmf_keys", str(TREE / "tools/ovmf-keys"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def add_boot_entry(variables, options):
    """The firmware's first boot entry, behind the variables that there are: the removable path, wherever it is found, with
    OPTIONS as its command line (UEFI 2.10, 3.1.3 and 10.3)."""
    keys = _ovmf_keys()
    path = (REMOVABLE + "\0").encode("utf-16-le")
    devices = struct.pack("<BBH", 4, 4, 4 + len(path)) + path + struct.pack("<BBH", 0x7F, 0xFF, 4)
    entry = struct.pack("<IH", 1, len(devices)) + "own\0".encode("utf-16-le") + devices + options.encode("utf-16-le")
    added = b"".join(keys.variable(name, keys.GLOBAL, data, 0x01 | 0x02 | 0x04)
                     for name, data in (("Boot0000", entry), ("BootOrder", struct.pack("<H", 0))))
    store = bytearray(variables.read_bytes())
    at = store.find(keys.STORE) + keys.STORE_HEADER_BYTES
    while store[at:at + 2] != b"\xff\xff":  # no further variable
        name_bytes, data_bytes = struct.unpack_from("<II", store, at + 36)
        at += 60 + name_bytes + data_bytes
        at += -at % 4
    store[at:at + len(added)] = added
    variables.write_bytes(store)


def secure_boot_options(disk, variables):
    """Options of Guest: a q35 whose firmware keeps its keys from the guest (SMM) and starts DISK; of a folder what its own
    boot entries say."""
    pflash = ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={OVMF_SECURE}",
              "-drive", f"if=pflash,format=raw,unit=1,file={variables}"]
    plugged = ["-device", "virtio-blk-pci,drive=image"] if disk.is_dir() else DRIVES["virtio"]
    file = f"fat:{disk}" if disk.is_dir() else disk
    return {"image": None, "machine": "q35", "memory_mb": SECURE_MEMORY_MB,
            "extra": ["-machine", "smm=on", "-global", "driver=cfi.pflash01,property=secure,value=on", *pflash,
                      "-drive", f"if=none,id=image,format=raw,snapshot=on,file={file}", *plugged]}
