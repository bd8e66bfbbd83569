"""docs/house.md tells of the tree as it is."""

import re

from tree import HERE

PAGE = (HERE / "docs/house.md").read_text()
SOURCES = HERE / "src"
READS = re.compile(r'\brecord_(?:read|list)\([^;)]*?"([a-z]+)"')
COMMITS = re.compile(r"\brecord_(?:commit|write_file)\(")
LAYERS = ["status", "records", "common"]


def files(folder):
    return [path.read_text() for path in sorted((SOURCES / folder).glob("*.c"))]


def programs():
    return sorted(path.parent.name for path in SOURCES.glob("*/main.c"))


def rows():
    found = re.findall(r"^\| `(\w+)` \| (\w+) \| ([a-z, ]+) \|$", PAGE, re.M)
    assert len(found) >= 8, found
    return {folder: (writer, set(readers.split(", "))) for folder, writer, readers in found}


def test_every_program_is_drawn():
    drawing = PAGE.split("```")[1]
    assert set(programs()) | set(LAYERS) <= set(drawing.split()), sorted(set(programs()) - set(drawing.split()))


def test_who_writes():
    writing = {name for name in programs() if any(COMMITS.search(text) for text in files(name))}
    assert {writer for writer, _ in rows().values()} == writing


def test_who_reads():
    """By the folders that a program names; its own ones, which it reads after a restart, are no matter."""
    reading = {folder: set() for folder in rows()}
    for name in [*programs(), "common"]:
        for text in files(name):
            for folder in READS.findall(text):
                reading[folder].add(name)
    loaded = re.search(r"folder_names\[FOLDER_COUNT\] = \{(.*?)\};", (SOURCES / "status/load.c").read_text(), re.S)[1]
    for folder in re.findall(r'"(\w+)"', loaded):
        reading[folder].add("status")
    # `--status` of a container looks at the folder of its service, whose name is a variable there.
    reading["service"].add("entry")
    for folder, (writer, readers) in rows().items():
        assert readers == reading[folder] - {writer}, f"expected of {folder}: {sorted(reading[folder] - {writer})}"


def test_files_that_are_named_are_there():
    named = re.findall(r"`((?:src|mk|tests|docs|packages|appliances)/[\w./-]+)`", PAGE)
    assert len(named) > 12
    missing = [name for name in named if not re.search(r"NAME|NN", name) and not (HERE / name).exists()]
    assert not missing, missing
