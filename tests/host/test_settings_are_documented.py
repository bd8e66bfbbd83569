"""docs/configuration.md has the table of settings as the code has it; the relay's page each of the relay's, numbers with
their default."""

import re
import subprocess

from tree import BUILD, HERE


def rows(page):
    """The first and second cell of each row of PAGE's tables whose first cell is one word of code."""
    return dict(re.findall(r"^\| `([^`]+)` \| ([^|]*?) \|", (HERE / page).read_text(), re.MULTILINE))


def printed(*options):
    done = subprocess.run(["make", "-s", "-C", HERE, f"{BUILD}/tools/config-help"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return subprocess.run([HERE / BUILD / "tools/config-help", *options], capture_output=True, text=True, check=True).stdout


def defaults():
    """Setting -> default, as `make help-config` tells."""
    found = re.findall(r"^([a-z][a-z0-9.-]*)\n(?:    .*\n)*?    allowed: .*\n(?:    default: (.*)\n)?", printed(), re.MULTILINE)
    assert {"hostname", "ip", "relay.splice"} <= {key for key, _ in found}, found
    return dict(found)


def test_the_table_is_the_codes():
    page = (HERE / "docs/configuration.md").read_text()
    table = re.search(r"^<!-- settings: begin[^\n]*\n(.*?)^<!-- settings: end", page, re.MULTILINE | re.DOTALL)[1]
    assert table == printed("--markdown"), "expected docs/configuration.md as `make docs` makes it"


def test_the_relays_page_has_each_of_its_keys():
    documented = rows("docs/kms-relay.md")
    wanted = {key: default for key, default in defaults().items() if key.startswith("relay.")}
    assert len(wanted) >= 14 and set(wanted) <= set(documented), f"no row for {set(wanted) - set(documented)}"
    wrong = {key: (documented[key], default) for key, default in wanted.items()
             if default.isdigit() and documented[key].split(":")[0] != default}
    assert not wrong, f"expected the defaults of src/common/config_keys.h: {wrong}"


def test_readme_names_no_setting_that_there_is_not():
    assert set(rows("README.md")) & {"relay.upstream", "ip", "hostname"} and {
        key for key in rows("README.md") if re.fullmatch(r"[a-z]+[a-z0-9.-]*", key)} <= set(defaults())
