"""docs/ has the keys and metrics of src/, and no program writes another key."""

import json
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


def test_the_tables_are_the_codes():
    page = (HERE / "docs/records.md").read_text()
    assert len(names()) >= 11
    for name in names():
        table = re.search(rf"^<!-- keys of {name}: begin[^\n]*\n(.*?)^<!-- keys of {name}: end", page, re.MULTILINE | re.DOTALL)
        assert table and table[1] == printed(name), f"expected the keys of {name} as `make docs` makes them"


def test_the_metrics_are_the_codes():
    table = re.search(r"^<!-- metrics: begin[^\n]*\n(.*?)^<!-- metrics: end", (HERE / "docs/monitoring.md").read_text(),
                      re.MULTILINE | re.DOTALL)
    assert table and table[1] == printed("--metrics"), \
        "expected docs/monitoring.md as `make docs` makes it of src/web/metric_list.h and src/records"


def test_the_schema_is_the_codes():
    """Each placeholder of the template is the members of a record."""
    schema = (HERE / "src/web/status.schema.in").read_text()
    for name in set(re.findall(r"^@(\w+)@$", schema, re.MULTILINE)):
        schema = schema.replace(f"@{name}@\n", printed("--schema", name))
    assert json.loads(schema)["definitions"]["nic"]["properties"]["mac"]
    assert (HERE / "docs/status.schema.json").read_text() == schema, \
        "expected docs/status.schema.json as `make docs` makes it of src/web/status.schema.in and src/records"


def test_no_program_types_a_key():
    """A writer fills a struct of src/records, which has the keys."""
    typed = {}
    for path in sorted((HERE / "src").glob("*/*.c")):
        for key in re.findall(r'\brecord_add(?:_item)?\([^;",]*,\s*"(\w+)', path.read_text()):
            typed.setdefault(key, f"{path.parent.name}/{path.name}")
    assert typed == {"problems": "records/link.c"}, f"expected a row in src/records/NAME.h for each, not a key here: {typed}"


def test_no_program_reads_a_typed_key():
    """What reads one key alone names its row by KEY_OF or LIST_OF, so a key without a row does not compile."""
    typed = [f"{path.parent.name}/{path.name}: {key}" for path in sorted((HERE / "src").glob("*/*.c"))
             if path.name != "appliance.c"  # a file of the image, in the form of a record
             for key in re.findall(r'\brecord_get(?:_number|_item)?\([^;"]*,\s*"(\w+)', path.read_text())]
    assert not typed, f"expected KEY_OF(RECORD, key) or LIST_OF: {typed}"


@pytest.mark.parametrize("name", ["system", "child", "agent", "nic", "resolver", "log", "relay"])
def test_each_key_is_there_once(name):
    rows = re.findall(r"^\| `([^`]+)` \|", printed(name), re.MULTILINE)
    assert len(rows) == len(set(rows)) > 4
