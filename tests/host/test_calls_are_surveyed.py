"""The lists of system calls are what the survey has seen, and what has a reason; nothing that takes a program over is in one."""

import importlib.machinery
import importlib.util
import re

import pytest
from tree import HERE

LOADER = importlib.machinery.SourceFileLoader("calls", str(HERE / "tools/calls"))
calls = importlib.util.module_from_spec(importlib.util.spec_from_loader("calls", LOADER))
LOADER.exec_module(calls)

FOLDER = HERE / "src/init/calls"
RECORDED = calls.read_recorded(HERE / "tests/survey/recorded")
PROGRAMS = sorted(path.name for path in FOLDER.iterdir() if path.name not in ("service", calls.EACH))
# Who may after all.
ALLOWED = {"execve": {"clock", "dhcpcd"}, "seccomp": {"clock"}}
NEVER = {"execve", "execveat", "memfd_create", "ptrace", "process_vm_readv", "process_vm_writev", "mount", "umount2", "pivot_root",
         "unshare", "setns", "clone3", "bpf", "keyctl", "add_key", "perf_event_open", "userfaultfd", "io_uring_setup", "init_module",
         "finit_module", "kexec_load", "reboot", "mknod", "mknodat", "open_by_handle_at", "personality", "seccomp"}


def test_there_are_lists():
    assert len(PROGRAMS) == 10 and {name for name, _ in RECORDED} == set(PROGRAMS)


def test_each_program_that_init_starts_has_one():
    rows = set(re.findall(r"^PROGRAM\((\w+),", (HERE / "src/init/programs.def").read_text(), re.M))
    assert rows - {"service", "shell"} == set(PROGRAMS) - {"relay"}


@pytest.mark.parametrize("program", PROGRAMS)
def test_list_is_what_was_recorded(program):
    each = {call.name for call in calls.read_list(FOLDER / calls.EACH)[0]}
    listed, _ = calls.read_list(FOLDER / program)
    by_survey = {call.key() for call in listed if not call.by_hand}
    by_hand = {call.name for call in listed if call.by_hand}
    seen = {key for key in calls.recorded_list(RECORDED, program) if key[0] not in each | by_hand}
    assert by_survey == seen, f"`make survey` writes both; only in the list: {by_survey - seen}; only recorded: {seen - by_survey}"


@pytest.mark.parametrize("program", [*PROGRAMS, "service", calls.EACH])
def test_lists_are_sorted_and_each_call_is_there_once(program):
    listed, _ = calls.read_list(FOLDER / program)
    names = [call.name for call in listed]
    assert names == sorted(set(names))
    assert program != calls.EACH or all(call.by_hand for call in listed)


@pytest.mark.parametrize("program", PROGRAMS)
def test_nothing_that_takes_over_is_in_a_list(program):
    names = {call.name for call in calls.lists(FOLDER)[program]}
    allowed = {name for name, programs in ALLOWED.items() if program in programs}
    assert names & NEVER <= allowed


def test_tests_that_were_recorded_are_there():
    wrong = set()
    for test in set(RECORDED.values()):
        path, _, name = test.partition("::")
        if not (HERE / path).is_file() or f"\ndef {name}(" not in (HERE / path).read_text():
            wrong.add(test)
    assert not wrong
