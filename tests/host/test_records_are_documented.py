"""docs/records.md has the keys of src/records, and no program writes one that is not there."""

import re
import subprocess

import pytest
from tree import BUILD, HERE

TOOL = f"{BUILD}/tools/records-help"


def printed(*options):
    done = subprocess.run(["make", "-s", "-C", HERE, TOOL], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return subprocess.run([HERE / TOOL, *options], capture_output=True, text=True, check=True).stdout


def names():
    return printed().split()


def keys():
    return {key for name in names() for key in re.findall(r"^\| `([^`]+)` \|", printed(name), re.MULTILINE)}


def test_the_tables_are_the_codes():
    page = (HERE / "docs/records.md").read_text()
    assert len(names()) >= 11
    for name in names():
        table = re.search(rf"^<!-- keys of {name}: begin[^\n]*\n(.*?)^<!-- keys of {name}: end", page, re.MULTILINE | re.DOTALL)
        assert table and table[1] == printed(name), f"expected the keys of {name} as `make docs` makes them"


def test_what_is_written_has_a_key():
    known = {key.split(".")[0] for key in keys()}
    written = {}
    for path in sorted((HERE / "src").glob("*/*.c")):
        for key in re.findall(r'\b(?:record_add|add_if|add_number|add_ip|add_item|add_prefix\w*|add_allowed|add_percentiles)\([^;"]*?"([a-z_0-9]+)"',
                              path.read_text()):
            written.setdefault(key, f"{path.parent.name}/{path.name}")
    assert len(written) > 60, written
    unknown = {key: where for key, where in written.items() if key not in known}
    assert not unknown, f"expected a row in src/records for each: {unknown}"


@pytest.mark.parametrize("name", ["system", "child", "agent", "nic", "resolver", "log", "relay"])
def test_each_key_is_there_once(name):
    rows = re.findall(r"^\| `([^`]+)` \|", printed(name), re.MULTILINE)
    assert len(rows) == len(set(rows)) > 4
