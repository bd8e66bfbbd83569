"""tests/coverage.txt has the files of which less than 75 % of the lines run, and why; `make coverage` fails when it is wrong."""

import importlib.machinery
import importlib.util
import re

import pytest

from tree import HERE

loader = importlib.machinery.SourceFileLoader("coverage_tool", str(HERE / "tools/coverage"))
tool = importlib.util.module_from_spec(importlib.util.spec_from_loader("coverage_tool", loader))
loader.exec_module(tool)

REASONS = tool.read_reasons((HERE / "tests/coverage.txt").read_text())
TABLE = dict(re.findall(r"^\| `(src/\S+\.[ch])` \| (\d+) % \|", (HERE / "docs/coverage.md").read_text(), re.M))


def test_files_are_there_and_have_a_reason():
    assert list(REASONS) == sorted(REASONS)
    for path, reason in REASONS.items():
        assert (HERE / path).is_file(), f"tests/coverage.txt names {path}, which is not there"
        assert len(reason.split()) >= 4, f"{path}: `{reason}` is no reason"


def test_files_are_those_of_the_last_measurement():
    assert TABLE.keys() == REASONS.keys(), "expected docs/coverage.md as `make coverage` makes it of tests/coverage.txt"
    high = [path for path, percent in TABLE.items() if int(percent) >= tool.FILE_DUE]
    assert not high, f"{high}: they are well tested, and need no reason"


GOOD, LOW = tool.Part(100, 95, 10, 9), tool.Part(100, 74, 10, 9)


@pytest.mark.parametrize("files, reasons, said", [
    ({"src/a/a.c": GOOD}, {}, []),
    ({"src/a/a.c": GOOD, "src/a/b.c": GOOD._replace(lines=9000, lines_run=8900), "src/a/c.c": LOW}, {"src/a/c.c": "why"}, []),
    ({"src/a/a.c": GOOD, "src/a/b.c": GOOD._replace(lines=9000, lines_run=8900), "src/a/c.c": LOW}, {}, ["src/a/c.c: 74 %"]),
    ({"src/a/a.c": GOOD}, {"src/a/a.c": "why"}, ["it can go"]),
    ({"src/a/a.c": GOOD}, {"src/a/gone.c": "why"}, ["not there"]),
    ({"src/a/a.c": tool.Part(100, 89, 1, 1)}, {}, ["89.0 % of all lines"]),
])
def test_the_list_is_held(files, reasons, said):
    found = tool.complaints(files, reasons)
    assert len(found) == len(said) and all(part in line for part, line in zip(said, found)), found
