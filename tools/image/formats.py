"""What formats/*/format.mk say of each format, for those that are not make."""

import collections
import os
import pathlib
import re

FOLDER = pathlib.Path(__file__).resolve().parent.parent.parent / "formats"

# source: what it is made from; qemu: its name in QEMU; magic: (offset, bytes); the last three may be None or "".
Format = collections.namedtuple("Format", "name source qemu magic unpack")


def read(folder):
    name = folder.name
    facts = dict(re.findall(rf"^{re.escape(name)}_([A-Z]+) *:= *(.*)$", (folder / "format.mk").read_text(), re.MULTILINE))
    offset, _, magic = facts.get("MAGIC", "").partition(":")
    unpack = folder / "unpack"
    return Format(name, facts.get("FROM", ""), facts.get("QEMU", ""),
                  (int(offset), bytes.fromhex(magic)) if magic else None, unpack if unpack.exists() else None)


# The images of `make images`, by their names.
FORMATS = {form.name: form for form in map(read, sorted(path.parent for path in FOLDER.glob("*/format.mk"))) if form.source}


def format_of(path):
    """The format that the bytes of PATH show; None: the one file is in it as it is."""
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)

        def shows(offset, magic):
            file.seek(max(offset if offset >= 0 else size + offset, 0))
            return file.read(len(magic)) == magic

        return next((form for form in FORMATS.values() if form.magic and shows(*form.magic)), None)


def input_of(form, folder):
    """Where in FOLDER lies what an image of FORM is made from."""
    return folder / f"disk.{'raw' if form.source == 'disk' else form.source}"
