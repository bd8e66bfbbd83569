"""docs/decisions.md is numbered and dated, and each number that is cited is one of its entries."""

import datetime
import re

from tree import HERE

PAGE = (HERE / "docs/decisions.md").read_text()
ENTRIES = re.findall(r"^## (\d+)\. (\d{4}-\d\d-\d\d): \S.*$", PAGE, re.M)
NUMBERS = [int(number) for number, _ in ENTRIES]
CITED = re.compile(r"\bdecision\s+(\d+)\b")


def test_each_entry_has_number_and_date():
    assert len(ENTRIES) == len(re.findall(r"^## ", PAGE, re.M)) > 60


def test_numbers_are_in_order():
    assert NUMBERS == list(range(1, len(NUMBERS) + 1))


def test_dates_do_not_fall():
    dates = [datetime.date.fromisoformat(date) for _, date in ENTRIES]
    assert dates == sorted(dates)


def test_what_supersedes_is_there_and_newer():
    found = [(int(number), int(by)) for number, by in re.findall(
        r"^## (\d+)\.[^\n]*\nSuperseded (?:in part )?by (\d+)[.:]", PAGE, re.M)]
    assert len(found) == len(re.findall(r"^Superseded", PAGE, re.M)) > 2
    wrong = [(number, by) for number, by in found if not number < by <= NUMBERS[-1]]
    assert not wrong, f"expected entries after those that they supersede: {wrong}"


def test_each_that_is_cited_is_there():
    paths = [path for folder in ("docs", "kernel", "mk", "src", "tests") for path in (HERE / folder).rglob("*")
             if path.suffix in (".c", ".h", ".md", ".mk", ".py", ".config")]
    cited = {(int(number), path.name) for path in paths for number in CITED.findall(path.read_text())}
    assert len(cited) >= 5
    missing = {(number, name) for number, name in cited if number not in NUMBERS}
    assert not missing, f"expected these in docs/decisions.md: {missing}"
