"""docs/house.md tells of the tree as it is."""

import re
import subprocess

from tree import HERE

PAGE = (HERE / "docs/house.md").read_text()


def test_who_writes_and_reads():
    table = re.search(r"^<!-- records: begin[^\n]*\n(.*?)^<!-- records: end", PAGE, re.M | re.S)[1]
    printed = subprocess.run([HERE / "tools/house-help"], capture_output=True, text=True, check=True).stdout
    assert table == printed, "expected docs/house.md as `make docs` makes it"
    assert table.count("\n") > len(list((HERE / "src").glob("*/main.c")))


def test_the_stages_are_drawn_in_their_order():
    """Line by line; the last line of stages runs from right to left."""
    drawn = re.findall(r"mk/\w+\.mk", PAGE.split("```")[1])
    back = [name for name in reversed(drawn) if name in re.findall(r"mk/\w+\.mk", re.search(r"^ *out/.*$", PAGE, re.M)[0])]
    drawn = [name for name in drawn if name not in back] + back
    included = re.findall(r"^include (mk/\w+\.mk)$", (HERE / "Makefile").read_text(), re.M)
    assert len(drawn) > 8 and drawn == [name for name in included if name in drawn]


def test_files_that_are_named_are_there():
    named = re.findall(r"`((?:src|mk|tests|docs|packages|appliances|formats)/[\w./-]+)`", PAGE)
    assert len(named) > 12
    missing = [name for name in named if not re.search(r"NAME|NN|ARCH", name) and not (HERE / name).exists()]
    assert not missing, missing
