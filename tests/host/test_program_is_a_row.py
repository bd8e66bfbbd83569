"""A supervised program is one row of src/init/programs.def and its folder: users, links, records and pages come of it."""

import re
import subprocess

import pytest
from tree import BUILD, HERE, Tree

ROW = """PROGRAM(probe, 150, "/", ALWAYS,
\t.has_records = true,
\t.memory_limit_bytes = 8 * MIB,
\t.processes_limit = 2,
\t.files_limit = 64,
\t.oom_score_adj = -900)
"""
MAIN = "int main(void)\n{\n\treturn 0;\n}\n"


@pytest.fixture(scope="module")
def with_probe(tmp_path_factory):
    tree = Tree(tmp_path_factory.mktemp("row") / "tree", built=True)
    with (tree.folder / "src/init/programs.def").open("a", encoding="utf-8") as table:
        table.write("\n" + ROW)
    (tree.folder / "src/probe").mkdir()
    (tree.folder / "src/probe/main.c").write_text(MAIN)
    return tree


def test_it_is_in_the_image(with_probe):
    with_probe.make(f"{BUILD}/images/kms-relay/rootfs.cpio")
    files = (with_probe.folder / BUILD / "images/kms-relay/manifest").read_text()
    assert re.search(r"^slink /bin/probe /init ", files, re.M), files
    assert "probe_main" in (with_probe.folder / BUILD / "images/kms-relay/programs.h").read_text()
    assert "probe:x:150:150::/:/" in (with_probe.folder / BUILD / "etc/passwd").read_text().splitlines()
    assert "probe:x:150:" in (with_probe.folder / BUILD / "etc/group").read_text().splitlines()


def test_the_pages_have_it(with_probe):
    with_probe.make("docs")
    assert "| probe | always | `probe` | none | 8 MiB | 2 | 64 | -900 |" in (with_probe.folder / "docs/init.md").read_text()
    assert "| `probe` | each guest | has none |" in (with_probe.folder / "docs/house.md").read_text()


def test_two_with_one_number(with_probe):
    table = with_probe.folder / "src/init/programs.def"
    before = table.read_text()
    table.write_text(before.replace("PROGRAM(probe, 150,", "PROGRAM(probe, 110,"))
    said = with_probe.refuses("programs")
    table.write_text(before)
    assert "two users have the name or number 110" in said


@pytest.mark.parametrize("page, name, option", [("init", "programs", []), ("security", "rooms", ["--rooms"])])
def test_the_table_is_the_codes(page, name, option):
    text = (HERE / f"docs/{page}.md").read_text()
    table = re.search(rf"^<!-- {name}: begin[^\n]*\n(.*?)^<!-- {name}: end", text, re.M | re.S)[1]
    made = subprocess.run(["make", "-s", "-C", HERE, f"{BUILD}/tools/programs-help"], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    printed = subprocess.run([HERE / BUILD / "tools/programs-help", *option], capture_output=True, text=True, check=True).stdout
    assert table == printed, f"expected docs/{page}.md as `make docs` makes it"


def test_a_package_brings_its_users(with_probe):
    package = with_probe.folder / "packages/dnsmasq/package.mk"
    before = package.read_text()
    package.write_text("dnsmasq_USERS := dnsmasq:210:/var/lib/dnsmasq\n" + before)
    with_probe.make(f"{BUILD}/etc/passwd", f"{BUILD}/etc/group")
    package.write_text(before)
    assert "dnsmasq:x:210:210::/var/lib/dnsmasq:/" in (with_probe.folder / BUILD / "etc/passwd").read_text().splitlines()
    assert "dnsmasq:x:210:" in (with_probe.folder / BUILD / "etc/group").read_text().splitlines()
