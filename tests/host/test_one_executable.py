"""The guest's one executable runs each program by its name (src/multicall/multicall.c)."""

import re
import subprocess

import pytest

from tree import BUILD, HERE

PROGRAMS_H = 'PROGRAM("one", one_main) PROGRAM("small", small_main)'
PROGRAMS = r"""
#include <stdio.h>
int one_main(int argc, char **argv)
{
	return argc != 2 || puts(argv[1]) < 0;
}
int small_main(int argc, char **argv)
{
	return argc != 1 || argv[1] != NULL || puts("small") < 0;
}
"""


@pytest.fixture
def run(tmp_path):
    """Runs a program of the executable that src/multicall makes of PROGRAMS."""
    (tmp_path / "programs.h").write_text(PROGRAMS_H)
    path = tmp_path / "thimble"
    (tmp_path / "programs.c").write_text(PROGRAMS)
    layers = [HERE / BUILD / f"obj/{name}.a" for name in ("calls", "common")]
    subprocess.run([HERE / BUILD / "toolchain/cc", "-static", "-D_GNU_SOURCE", "-I", tmp_path, "-I", HERE / "src", HERE / "src/multicall/multicall.c",
                    tmp_path / "programs.c", *layers, *layers, "-o", path], check=True)
    return lambda *words: subprocess.run(words, executable=path, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words, said", [(("one", "word"), "word\n"), (("/bin/one", "word"), "word\n"), (("small",), "small\n")])
def test_a_program_by_its_name(run, words, said):
    done = run(*words)
    assert (done.returncode, done.stdout, done.stderr) == (0, said, "")


def test_no_such_program(run):
    nobody = run("nobody")
    assert nobody.returncode == 127 and nobody.stderr == "nobody: there is no program of this name in it\n"


def test_each_program_has_pages_of_its_own():
    text = subprocess.run(["readelf", "-WS", HERE / BUILD / "images/kms-relay/thimble"], check=True, capture_output=True, text=True)
    places = re.findall(r"(\w+)_main_bss +NOBITS +(\S+)", text.stdout)
    assert len(places) > 8 and all(int(place, 16) % 4096 == 0 for _, place in places), places
