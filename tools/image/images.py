"""A finished image of any format: the kernel in it, and the same image with another kernel, of any size."""

import os
import pathlib
import re
import tempfile
from xml.sax.saxutils import escape

from image import DAMAGED, Refused, fat, formats, gpt, iso, kernel, run

MIB = 1 << 20
# What disks of hypervisors are: whole MiB, for Hyper-V and Azure; Hyper-V makes none that is smaller than three.
DISK_ALIGN, DISK_LEAST = MIB, 3 * MIB
BUILT = "1767225600"  # SOURCE_DATE_EPOCH of the build
LOADER_FILES = ("syslinux.cfg", "ldlinux.c32")


def system_partition(data, uefi_name, syslinux=None):
    """(partition, offset of the kernel in it): the kernel DATA at the removable path, and the boot loader in folder SYSLINUX."""
    files, loader = {f"EFI/BOOT/{uefi_name}": data}, b""
    if syslinux:
        files.update({name: (syslinux / name).read_bytes() for name in LOADER_FILES})
        loader = (syslinux / "loader.bin").read_bytes()
    return located(fat.write(files, loader), f"EFI/BOOT/{uefi_name}")


def located(partition, path):
    return partition, fat.Partition(partition).extent(path)


class Bare:
    """The file is the kernel."""

    def __init__(self, data):
        self.kernel, self.at = data, 0

    @staticmethod
    def remade(data):
        return data


class Disk:
    """A disk or a CD with a system partition, whose bytes DATA are."""

    def __init__(self, data, offset, size):
        self.data, self.offset = data, offset
        if offset + size > len(data):
            raise Refused("is cut short")
        self.partition = fat.Partition(memoryview(data)[offset:offset + size])
        kernels = [path for path in self.partition.files if re.fullmatch(r"EFI/BOOT/BOOT[^/]*\.EFI", path)]
        if len(kernels) != 1:
            raise Refused("has no place for settings; it is no image that Thimble made")
        self.path, = kernels
        self.kernel = self.partition.read(self.path)
        at = self.partition.extent(self.path)
        self.at = None if at is None else offset + at

    def remade(self, data):
        if "LDLINUX.SYS" in self.partition.files:
            raise Refused("the image is of an older Thimble, and the kernel in it cannot be of another size; build it anew")
        files = {path: data if path == self.path else self.partition.read(path) for path in self.partition.files}
        partition, at = located(fat.write(files, self.partition.loader()), self.path)
        if iso.is_one(self.data):
            return iso.put_partition(self.data, partition, self.path, at, len(data))
        whole = len(self.data) % DISK_ALIGN == 0
        return gpt.disk(partition, self.data[:gpt.CODE_BYTES], *(DISK_ALIGN, DISK_LEAST) if whole else ())


def opened(data, name):
    """(what holds the kernel in DATA, which is no format of its own; that kernel as kernel.of has it)."""
    found = kernel.of(data, name)
    if found:
        return Bare(data), found
    try:
        where = iso.partition(data) if iso.is_one(data) else gpt.partition(data)
        holder = Disk(data, *where) if where else None
    except DAMAGED as error:
        raise Refused(f"{name}: is damaged or cut short") from error
    except Refused as error:
        raise Refused(f"{name}: {error}") from error
    found = kernel.of(holder.kernel, name) if holder else None
    if not found:
        raise Refused(f"{name}: has no place for settings; it is no image that Thimble made")
    return holder, found


# What a descriptor said of the image alone, for when the service is taken out.
BEFORE = re.compile(r"<!-- without the service: (\d+) MB, (.*?) -->\n")


def describe(ovf, memory_mb, name):
    """The descriptor OVF with a service's memory and NAME; as it was before it had one, for NAME ""; unchanged for None."""
    before = BEFORE.search(ovf)
    if name == "" and before:
        return describe_as(BEFORE.sub("", ovf), *before.groups())
    if not name:
        return ovf
    memory, system = re.search(r"(\d+) MB of memory<", ovf), re.search(r'<VirtualSystem ovf:id="([^"]*)', ovf)
    if not before and memory and system and "--" not in system[1]:
        was = f"<!-- without the service: {memory[1]} MB, {system[1]} -->\n"
        ovf = ovf[:system.start()] + was + ovf[system.start():]
    return describe_as(ovf, memory_mb, escape(name, {'"': "&quot;"}))


def describe_as(ovf, memory_mb, name):
    ovf = re.sub(r"(<rasd:ElementName>)\d+( MB of memory</rasd:ElementName>)", rf"\g<1>{memory_mb}\2", ovf)
    ovf = re.sub(r"(<rasd:ResourceType>4</rasd:ResourceType>\s*<rasd:VirtualQuantity>)\d+", rf"\g<1>{memory_mb}", ovf)
    ovf = re.sub(r'(<VirtualSystem ovf:id=")[^"]*', lambda found: found[1] + name, ovf)
    return re.sub(r"(<(Name|Product|vssd:VirtualSystemIdentifier)>)[^<]*", lambda found: found[1] + name, ovf)


class Finished:
    """The image at PATH. `kernel` is the kernel's file, bytes; kernel.of() reads it."""

    def __init__(self, path):
        path = pathlib.Path(path)
        self.layers = []  # of formats in formats, the outermost first: (format, {name: bytes} of what else it is made of)
        with tempfile.TemporaryDirectory(prefix="thimble-image.") as folder:
            self.holder, found = opened(self._unpacked(path, pathlib.Path(folder)), path)
        self.kernel, self.signed = self.holder.kernel, found.signed

    def _unpacked(self, path, folder):
        form = formats.format_of(path)
        if not form:
            return path.read_bytes()
        home = folder / form.name
        home.mkdir()
        source = formats.input_of(form, home)
        if form.unpack:
            run(form.unpack, path, home)
        else:
            run("qemu-img", "convert", "-f", form.qemu, "-O", "raw", path, source)
        self.layers.append((form, {other.name: other.read_bytes() for other in sorted(home.iterdir()) if other != source}))
        return self._unpacked(source, folder)

    def write(self, new, target, memory_mb=None, name=None):
        """TARGET: this image with the kernel NEW, bytes. What describes the machine says MEMORY_MB and calls it NAME, a
        service's; NAME "": what it said without a service; None: what it says."""
        holder, target = self.holder, pathlib.Path(target)
        if holder.at is not None and len(new) == len(holder.kernel) and isinstance(holder, Disk):
            data = bytearray(holder.data)
            data[holder.at:holder.at + len(new)] = new
        else:
            data = holder.remade(new)
        with tempfile.TemporaryDirectory(prefix="thimble-image.") as folder:
            self._write(data, self.layers, target, pathlib.Path(folder), lambda ovf: describe(ovf, memory_mb, name))

    def _write(self, data, layers, target, folder, described):
        if not layers:
            target.write_bytes(data)
            return
        (form, others), *inner = layers
        home = folder / form.name
        home.mkdir()
        source = formats.input_of(form, home)
        self._write(data, inner, source, folder, described)
        for other, content in others.items():
            text = described(content.decode()).encode() if other.endswith(".ovf") else content
            (home / other).write_bytes(text)
        run(formats.FOLDER / form.name / "build", source, target, *sorted(home / other for other in others),
            env={"SOURCE_DATE_EPOCH": BUILT, **os.environ})
