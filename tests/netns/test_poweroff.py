"""/sbin/poweroff and /sbin/reboot, which are init by another name: the kernel's Hyper-V driver runs them when its host asks
(kernel/reboot.c), and PID 1 is asked through its socket."""

import subprocess

import pytest

from init import FakeInit
from tree import HOST_BIN

PROGRAM = HOST_BIN / "init"


@pytest.fixture
def run(tmp_path):
    """Runs init under the name NAME, as the kernel does: by its path, with no arguments."""
    def run_as(name):
        (tmp_path / "sbin").mkdir(exist_ok=True)
        path = tmp_path / "sbin" / name
        path.symlink_to(PROGRAM.absolute())
        done = subprocess.run([path], env={"THIMBLE_RUN": str(tmp_path)}, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stderr
    return run_as


@pytest.mark.parametrize("name", ["poweroff", "reboot"])
def test_init_is_asked(keep, run, tmp_path, name):
    init = keep(FakeInit(tmp_path))
    assert run(name) == (0, "")
    assert init.requests == [name]


def test_init_that_refuses(keep, run, tmp_path):
    keep(FakeInit(tmp_path, "refused: stopping already"))
    status, said = run("poweroff")
    assert status == 100 and "poweroff: refused: stopping already" in said


def test_init_that_is_not_there(run):
    status, said = run("poweroff")
    assert status == 111 and "poweroff: init does not answer: No such file or directory" in said
