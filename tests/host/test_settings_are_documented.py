"""Each setting stands in README's table, each of the relay's in docs/kms-relay.md too, numbers with their default."""

import pathlib
import re

import pytest

TREE = pathlib.Path(__file__).resolve().parent.parent.parent
KEYS = dict(re.findall(r'\[CONFIG_\w+\] = \{"([a-z.-]+)", (?:"([^"]*)"|CONFIG_\w+)',
                       (TREE / "src/common/config.c").read_text()))


def rows(page):
    """The first and second cell of each row of PAGE's tables whose first cell is one word of code."""
    return dict(re.findall(r"^\| `([^`]+)` \| ([^|]*?) \|", (TREE / page).read_text(), re.MULTILINE))


def test_the_keys_are_found():
    assert {"hostname", "relay.allow", "relay.upstream", "relay.splice"} <= set(KEYS), KEYS


@pytest.mark.parametrize("page, prefix", [("README.md", ""), ("docs/kms-relay.md", "relay.")])
def test_page_has_each_key(page, prefix):
    documented, wanted = rows(page), [key for key in KEYS if key.startswith(prefix)]
    missing = [key for key in wanted if key not in documented]
    assert not missing, f"expected a row in {page} for each setting, none for {missing}"
    wrong = {key: (documented[key], KEYS[key]) for key in wanted
             if KEYS[key].isdigit() and documented[key].split(":")[0] != KEYS[key]}
    assert not wrong, f"expected the defaults of src/common/config.c in {page}: {wrong}"
