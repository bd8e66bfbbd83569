"""A setting, a key of a record with its metric, and a package are one row or folder each: parsers, programs, pages follow."""

import subprocess

import pytest
from tree import BUILD, Tree

SETTING = """\
	KEY(GREETING, "greeting", "", check_host_name, 0, 0, NULL, "a word", "the word that the guest greets with") \\
"""
KEY = """\
	NUMBER(greetings, 0, 1, "how often it was greeted") \\
"""
METRIC = """\
#define NIC_METRICS(X) \\
	X(greetings, COUNTER, "nic_greetings_total", "How often it was greeted.")"""
PACKAGE = """\
# greeter: a package that only this test has.
greeter_SOURCE  := busybox
greeter_LICENSE := MIT
greeter_WHY     := greets
greeter_FILES   := bin/greeter

define greeter_BUILD
mkdir -p "$$DESTDIR/bin"
printf 'int main(void) { return 0; }' > greeter.c
$$CC $$CFLAGS $$LDFLAGS -o "$$DESTDIR/bin/greeter" greeter.c
endef
$(eval $(call debian-source,greeter))
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return Tree(tmp_path_factory.mktemp("added") / "tree", built=True)


def insert(tree, name, before, text):
    path = tree.folder / name
    whole = path.read_text()
    assert whole.count(before) == 1, f"{name}: expected {before} once"
    path.write_text(whole.replace(before, text + before))


def output(tree, tool, *options, **more):
    return subprocess.run([tree.build(f"tools/{tool}"), *options], capture_output=True, text=True, check=False, **more)


def test_setting(tree):
    insert(tree, "src/common/config_keys.h", "\tKEY(IP, ", SETTING)
    tree.make(f"{BUILD}/tools/config-help", f"{BUILD}/tools/check-settings")
    assert "| `greeting` |  | a word | the word that the guest greets with |" in output(tree, "config-help", "--markdown").stdout
    assert output(tree, "check-settings", "here", input="greeting = hello\n").returncode == 0
    refused = output(tree, "check-settings", "here", input="greeting = -\n")
    assert refused.returncode != 0 and 'greeting = "-"' in refused.stderr, refused


def test_key_of_a_record_and_its_metric(tree):
    insert(tree, "src/records/nic.h", "\tNUMBER(no_address_since_ms, ", KEY)
    path = tree.folder / "src/records/nic.h"
    path.write_text(path.read_text().replace("#define NIC_METRICS(X)", METRIC))
    tree.make(f"{BUILD}/tools/records-help", *(f"{BUILD}/bin/{name}" for name in ("net", "web", "console")))
    assert "| `greetings` | how often it was greeted |" in output(tree, "records-help", "nic").stdout
    assert "| `thimble_nic_greetings_total` | `nic` | How often it was greeted |" in output(tree, "records-help", "--metrics").stdout
    assert '"greetings"' in output(tree, "records-help", "--schema", "NIC").stdout
    assert b"nic_greetings_total" in tree.build("bin/web").read_bytes() and b"greetings" in tree.build("bin/net").read_bytes()


def test_package(tree):
    folder = tree.folder / "packages/greeter"
    folder.mkdir()
    (folder / "package.mk").write_text(PACKAGE)
    tree.make(f"{BUILD}/packages/greeter/.done")
    assert subprocess.run([tree.build("packages/greeter/root/bin/greeter")], check=False).returncode == 0
