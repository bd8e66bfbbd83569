"""A tree that was copied or moved compiles nothing of the kernel again."""

import os
import re
import signal
import subprocess

import pytest

from tree import BUILD, HERE

OBJECTS = f"{BUILD}/linux/objects-virtual"
# A compiler's or an assembler's line of make V=1; the version's own object is made at each link, wherever the tree is.
COMPILED = re.compile(r" -c -o (?!init/version)(\S+\.o) ")


@pytest.fixture
def moved_tree(tmp_path):
    """This tree, as it is built, in another place: what is written there stays there."""
    place, written = tmp_path / "moved", tmp_path / "written"
    for folder in (place, written):
        folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", written], check=True)
    for name in ("upper", "work"):
        (written / name).mkdir()
    options = f"lowerdir={HERE},upperdir={written}/upper,workdir={written}/work"
    subprocess.run(["mount", "-t", "overlay", "-o", options, "overlay", place], check=True)
    yield place
    subprocess.run(["umount", "--lazy", place, written], check=True)  # of a make that was killed some process may linger


@pytest.mark.deadline(300)
def test_nothing_is_compiled(moved_tree):
    """The pass over all objects, which make leaves out as long as nothing looks new."""
    (moved_tree / OBJECTS / ".config-checked").touch()
    with subprocess.Popen(["make", "V=1", f"{OBJECTS}/.objects"], cwd=moved_tree, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, start_new_session=True) as make:
        said = []
        for line in make.stdout:
            said.append(line)
            if COMPILED.search(line):
                os.killpg(make.pid, signal.SIGKILL)
                pytest.fail(f"expected no object to be compiled, got {COMPILED.search(line)[1]}: {line}")
        assert make.wait() == 0, "".join(said[-20:])
    assert (moved_tree / OBJECTS / ".here").read_text().strip() == str(moved_tree / BUILD / "linux")
