"""Each fuzz target has inputs to begin from, and their names say what they are: none is a checksum."""

import re

from tree import HERE

FUZZ = HERE / "tests/fuzz"


def test_inputs_are_named():
    targets = {path.stem for path in FUZZ.glob("*.c")}
    folders = {path.name for path in (FUZZ / "corpus").iterdir()}
    assert folders == targets, f"expected a corpus for each target and no other, got {folders ^ targets}"
    nameless = [str(path.relative_to(FUZZ)) for path in (FUZZ / "corpus").glob("*/*") if re.fullmatch(r"[0-9a-f]{8,}", path.name)]
    assert not nameless, f"expected names as docs/testing.md has them: {nameless}"
