"""kernel/hardening.table is counted as it says, and gives a reason for each check that the kernel fails and for no other."""

import importlib.machinery
import importlib.util
import re
import subprocess

import pytest

from tree import BUILD, HERE

TOOL, TABLE = "tools/kernel-hardening", "kernel/hardening.table"
DEFAULT = HERE / BUILD / "linux/objects-virtual/.config"
X86_64 = "#\n# Linux/x86_64 6.12.117 Kernel Configuration\n#\nCONFIG_X86_64=y\n"
ON, OFF, ABSENT = "CONFIG_ONE=y\n", "# CONFIG_ONE is not set\n", ""
SOURCE = "source us: people\n"
# Check -> configurations where it holds, where it fails, where it is none. The kernel is Linux 6.12.117.
CHECKS = {
    "ONE=y": ([ON], [OFF, ABSENT, "CONFIG_ONE=m\n", "CONFIG_ONE=\n", "CONFIG_ONE_MORE=y\n"], []),
    "ONE=n": ([OFF, ABSENT], [ON, "CONFIG_ONE=0\n"], []),
    "ONE=off": ([OFF], [ON, ABSENT], []),
    "ONE=65536": (["CONFIG_ONE=65536\n"], ["CONFIG_ONE=4096\n", OFF, ABSENT], []),
    "ONE=$MOST": (["CONFIG_ONE=32\nCONFIG_MOST=32\n"], ["CONFIG_ONE=28\nCONFIG_MOST=32\n", "CONFIG_MOST=32\n"], ["CONFIG_ONE=28\n", ABSENT]),
    "ONE~yama": (['CONFIG_ONE="landlock,yama"\n', "CONFIG_ONE=yama\n"], ['CONFIG_ONE="landlock,yamato"\n', 'CONFIG_ONE=""\n', OFF, ABSENT], []),
    "ONE/OLD=y": ([ON, "CONFIG_OLD=y\n", OFF + "CONFIG_OLD=y\n"], [OFF, ABSENT, OFF + "CONFIG_OLD=m\n"], []),
    "ONE=y or TWO=n": ([ON + "CONFIG_TWO=y\n", OFF], [OFF + "CONFIG_TWO=y\n"], []),
    "ONE=y and TWO=y": ([ON + "CONFIG_TWO=y\n"], [ON, "CONFIG_TWO=y\n"], []),
    "ONE=y or TWO=y and SIX=y": ([ON, "CONFIG_TWO=y\nCONFIG_SIX=y\n"], ["CONFIG_TWO=y\n", "CONFIG_SIX=y\n", ABSENT], []),
    "ONE=y or Linux>=6.12.117": ([ON, OFF, ABSENT], [], []),
    "ONE=y or Linux>=5.19.200": ([OFF], [], []),
    "ONE=y or Linux>=6.12.118": ([ON], [OFF, ABSENT], []),
    "ONE=y or Linux>=7.0.0": ([ON], [OFF, ABSENT], []),
}
# Line below SOURCE -> what is said of it.
WRONG = {
    "us": ":2: no source, reason or check: us",
    "us one=y": ":2: no condition: one=y",
    "us ONE": ":2: no condition: ONE",
    "us ONE=y or": ":2: no condition: ONE=y or",
    "us ONE=y and  TWO": ":2: no condition: TWO",
    "us ONE=y or Linux>=6.9": ":2: no condition: Linux>=6.9",
    "us Linux>=6.9.0 or ONE=y": ":2: a version comes after the first `or`: Linux>=6.9.0 or ONE=y",
    "them ONE=y": ":2: no source has the name them",
    "us ONE=y #": ":2: no reason: empty",
    "us ONE=y # @why": ":2: no reason has the name why",
    "us ONE=y # default: ": ":2: no reason: default:",
    "us ONE=y # one | default: | two": ":2: no reason: default:",
    "us ONE=y # one | default: two | default: three": ":2: two reasons for one build: one | default: two | default: three",
    "us ONE=y\n\n# words\nus ONE=y or TWO=y": ":5: the check of {table}:2 again: ONE=y or TWO=y",
    "source us: others": ":2: source us is there already",
    "us ONE=y\nreason why: so": ": no check has the reason why",
    "": ": no check has the source us",
}


def loaded():
    loader = importlib.machinery.SourceFileLoader("kernel_hardening", str(HERE / TOOL))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


hardening = loaded()


def run(*words):
    return subprocess.run([HERE / TOOL, *words], cwd=HERE, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def said(tmp_path, capsys):
    """What the tool prints of one table and one configuration, by lines."""
    def compare(table, config, *words):
        (tmp_path / "table").write_text(table)
        (tmp_path / ".config").write_text(X86_64 + config)
        assert hardening.main([*words, str(tmp_path / "table"), str(tmp_path / ".config")]) == 0
        return capsys.readouterr().out.replace(str(tmp_path) + "/", "").splitlines()
    return compare


@pytest.mark.parametrize("check", CHECKS)
def test_a_check(said, check):
    holds, fails, is_none = CHECKS[check]
    table = f"{SOURCE}us OTHER=n\nus {check} # this is why\n"
    for configs, count, lines in (holds, "2 of 2", 1), (fails, "1 of 2", 2), (is_none, "1 of 1", 1):
        for config in configs:
            got = said(table, config)
            assert got[-1] == f"hardening: {count} (table)" and len(got) == lines, f"{config!r}: expected {count}, got {got}"


def test_a_failure_is_told(said):
    table = (f"{SOURCE}source others: more people\nreason ours: it costs too much\n# words\nus       ONE=y # @ours\nothers LONGER_NAME=n # text\n"
             "us LIMIT=65536\n     or TWO=y\n   # in three lines\nus BOTH=y and TWO=y # @ours\nus LIST~yama # last\n")
    assert said(table, OFF + 'CONFIG_LONGER_NAME=y\nCONFIG_LIMIT=4096\nCONFIG_BOTH=y\nCONFIG_LIST="lockdown"\n') == [
        'ONE          y      n           us      it costs too much',
        'LONGER_NAME  n      y           others  text',
        'LIMIT        65536  4096        us      in three lines',
        'BOTH         y      TWO absent  us      it costs too much',
        'LIST         yama   "lockdown"  us      last',
        "hardening: 0 of 5 (table)"]


@pytest.mark.parametrize("why, default, hardened", [
    ("# for both", "for both", "for both"),
    ("# default: alone", "alone", "no reason given: table:2"),
    ("# HARDEN=1: its own", "no reason given: table:2", "its own"),
    ("# default: one | HARDEN=1: another", "one", "another"),
    ("# default: one | another", "one", "another"),
    ("", "no reason given: table:2", "no reason given: table:2"),
])
def test_a_reason_may_be_of_one_build(said, why, default, hardened):
    for words, reason in ([], default), (["--hardened"], hardened):
        assert said(f"{SOURCE}us ONE=y {why}\n", OFF, *words)[0] == f"ONE  y  n  us  {reason}"


@pytest.mark.parametrize("line", WRONG)
def test_a_wrong_line_is_named(said, tmp_path, line):
    with pytest.raises(SystemExit) as ended:
        said(SOURCE + line + "\n", "")
    table = tmp_path / "table"
    assert ended.value.code == f"{table}{WRONG[line].format(table=table)}"


@pytest.mark.parametrize("text", ["", "CONFIG_X86_64=y\n", X86_64.replace("X86_64", "ARM64"), "a text\n"])
def test_another_file_is_no_configuration(tmp_path, text):
    config = tmp_path / ".config"
    config.write_text(text)
    done = run(TABLE, config)
    assert (done.returncode, done.stderr) == (1, f"{config}: no configuration of a kernel for x86-64\n")


def test_a_file_is_missing(tmp_path):
    done = run(TABLE, tmp_path / "none")
    assert (done.returncode, done.stderr) == (1, f"{tmp_path}/none: No such file or directory\n")


@pytest.mark.parametrize("words", [[], [TABLE], ["--hardened", TABLE], [TABLE, "a", "b"]])
def test_wrong_words_show_the_usage(words):
    done = run(*words)
    assert (done.returncode, done.stdout) == (100, "") and "kernel-hardening [--hardened] TABLE CONFIG" in done.stderr


def counted_as_documented(build, *words):
    last = run(*words).stdout.splitlines()[-1]
    got = re.fullmatch(r"hardening: (\d+) of (\d+) \(kernel/hardening\.table\)", last)
    documented = re.search(rf"^\| {build} \| (\d+) of (\d+) \|$", (HERE / "kernel/README.md").read_text(), re.M)
    assert got and documented, last
    assert got[2] == documented[2] == "259" and int(got[1]) >= int(documented[1]), f"{got[0]}, but kernel/README.md: {documented[0]}"


def reasons_are_right(config_path, build, words):
    """Each check that fails has a reason; none that holds has one that is of this build, or of each."""
    config = hardening.read_config(config_path)
    stale = [f"{row.where}: {row.ways[0][0].names[0]}" for row in hardening.read_table(HERE / TABLE)
             if row.holds(config) and row.whys.keys() & {"", build}]
    assert stale == [], "these hold, and have a reason why not"
    lacking = [line for line in run(*words, TABLE, config_path).stdout.splitlines() if "no reason given" in line]
    assert lacking == [], "these fail, and have no reason why"


def test_the_default():
    reasons_are_right(DEFAULT, "default: ", [])
    counted_as_documented("the default", TABLE, DEFAULT)


@pytest.mark.deadline(300)
def test_hardened(kernel_tree):
    config = kernel_tree.folder / BUILD / "objects/.config"
    kernel_tree.make("HARDEN=1", f"LINUX={BUILD}/objects", f"{BUILD}/objects/.config-checked")
    reasons_are_right(config, "HARDEN=1: ", ["--hardened"])
    counted_as_documented("`HARDEN=1`", "--hardened", TABLE, config)
