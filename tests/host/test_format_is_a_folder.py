"""Adding a format touches only formats/: make, its help, docs/images.md, tools/thimble-config and the tests have it then."""

import re
import subprocess

import pytest
from media import image
from tree import HERE

FILES = {
    "format.mk": """\
vhd.gz_WHAT  := a VHD on its way
vhd.gz_FOR   := who uploads one
vhd.gz_FROM  := vhd
vhd.gz_TOOLS := gzip
vhd.gz_MAGIC := 0:1f8b08
""",
    "build": '#!/bin/sh\ngzip -nc "$1" > "$2"\n',
    "unpack": '#!/bin/sh\ngzip -dc "$1" > "$2/disk.vhd"\n',
}
ROW = "| `.vhd.gz` | a VHD on its way | who uploads one | `.vhd` |"


@pytest.fixture
def tree(copied_tree):
    """With a format that only this test has."""
    folder = copied_tree.folder / "formats/vhd.gz"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return copied_tree


def table():
    page = (HERE / "docs/images.md").read_text()
    return re.search(r"^<!-- formats: begin[^\n]*\n(.*?)^<!-- formats: end", page, re.MULTILINE | re.DOTALL)[1]


def test_the_table_of_formats_is_theirs():
    done = subprocess.run(["make", "-s", "-C", HERE, "help-formats"], capture_output=True, text=True, check=True)
    assert table() == done.stdout, "expected docs/images.md as `make docs` makes it"


def test_make_and_its_pages_have_it(tree):
    assert re.search(r"; make .* vhd\.gz .*: one format$", tree.make("help"), re.MULTILINE)
    tree.make("docs")
    assert ROW in (tree.folder / "docs/images.md").read_text().splitlines()
    for goal in "vhd.gz", "images":
        commands = tree.make("-n", goal)
        assert re.search(r"formats/vhd\.gz/build out/kms-relay-\w+\.vhd out/kms-relay-\w+\.vhd\.gz\.new\b", commands), commands
        assert "gzip" in commands.splitlines()[0].split(), "expected its tools among those of the host"


def test_settings_go_into_it_and_tests_know_it(tree, tmp_path):
    packed, settings = tmp_path / "kms-relay.vhd.gz", tmp_path / "site.conf"
    settings.write_text("hostname = packed\n")
    subprocess.run([tree.folder / "formats/vhd.gz/build", image("vhd"), packed], check=True)
    before = packed.read_bytes()
    for words, shown in ([packed, settings], "hostname = packed\n"), ([packed, "/dev/null"], ""):
        subprocess.run([tree.folder / "tools/thimble-config", *words], check=True)
        done = subprocess.run([tree.folder / "tools/thimble-config", "--show", packed], capture_output=True, text=True, check=True)
        assert done.stdout == shown
    assert packed.read_bytes() == before, "expected the image as it was before"
    known = subprocess.run(["/usr/bin/python3", "-B", "-c", "import media; print(*media.FORMATS)"], capture_output=True,
                           text=True, check=True, cwd=tree.folder / "tests/lib")
    assert "vhd.gz" in known.stdout.split()
