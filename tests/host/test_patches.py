"""Each patch that is carried says what upstream knows of it and which test fails without it, has a number of its own, and
a report where it is one to be sent."""

import re

import pytest

from tree import HERE

PATCHES = sorted([*HERE.glob("packages/*/patches/*.patch"), *HERE.glob("kernel/patches/*.patch")])
REPORTS = sorted([*HERE.glob("packages/*/upstream/*.md"), *HERE.glob("kernel/upstream/*.md")])
UPSTREAM = re.compile(
    r"((fixed|fixed in part|a setting) (in|after) \d\S* \(\S.*\)|reported|not sent( yet)?): \S.*|"
    r"fixed (in|after) \d\S* \(\S.*\)"
)
REPORT = re.compile(r"\S+/upstream/\S+\.md")


def path(patch):
    return str(patch.relative_to(HERE))


def said(patch, name):
    """The value of the header line NAME; a line that begins with a space goes on from the one before."""
    header = re.split(r"^(?:---|diff) ", patch.read_text(), maxsplit=1, flags=re.M)[0]
    found = re.findall(rf"^{name}: *(.*(?:\n .*)*)", header, re.M)
    assert len(found) == 1, f"{path(patch)}: expected one line `{name}:` above the patch, got {found}"
    return " ".join(found[0].split())


def test_there_are_patches():
    assert len(PATCHES) > 40


@pytest.mark.parametrize("patch", PATCHES, ids=path)
def test_upstream_is_told(patch):
    value = said(patch, "Upstream")
    assert UPSTREAM.fullmatch(value), f"got `Upstream: {value}`; a line is like {UPSTREAM.pattern}"


@pytest.mark.parametrize("patch", PATCHES, ids=path)
def test_its_test_exists(patch):
    value = said(patch, "Test")
    if value.startswith("none: "):
        return
    for test in value.split(", "):
        name, _, function = test.partition("::")
        assert (HERE / name).is_file(), f"`Test: {value}` names {name}, which is not there"
        assert not function or f"\ndef {function}(" in (HERE / name).read_text(), f"{name} has no {function}"


def test_numbers_are_unique():
    for folder in {patch.parent for patch in PATCHES}:
        numbers = [int(patch.name.partition("-")[0]) for patch in sorted(folder.iterdir())]
        assert len(set(numbers)) == len(numbers), f"{path(folder)}: expected each number once, got {numbers}"


def test_each_report_is_of_a_patch_and_each_patch_has_the_report_that_it_names():
    named = {report for patch in PATCHES for report in REPORT.findall(said(patch, "Upstream"))}
    assert named == {path(report) for report in REPORTS}
