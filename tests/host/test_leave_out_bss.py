"""The programs' own zeroed variables are no part of the guest's executable (src/multicall/multicall.c)."""

import re
import signal
import subprocess

import pytest

from tree import BUILD, HERE

TOOL = HERE / "tools/leave-out-bss"
SOURCE = '''
static char first[8192] __attribute__((section("a_main_bss,\\"aw\\",@nobits#"), aligned(4096)));
static char second[100] __attribute__((section("b_main_bss,\\"aw\\",@nobits#"), aligned(4096)));
char shared[5000];
int main(void) { return shared[0] + !first + !second; }
'''
CONSTRUCTOR = "__attribute__((constructor)) static void begin(void) { shared[1] = 1; }"

PROGRAMS_H = 'PROGRAM("one", one_main) PROGRAM("other", other_main) PROGRAM("small", small_main)'
PROGRAMS = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static char of_one[100000] __attribute__((section("one_main_bss,\"aw\",@nobits#"), aligned(4096)));
static char of_other[100] __attribute__((section("other_main_bss,\"aw\",@nobits#"), aligned(4096)));
__asm__(".pushsection small_main_bss,\"aw\",@nobits; .balign 4096; .popsection");
int one_main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(of_one); i++)
		if (of_one[i]++ != 0)
			return 1;
	return strdup(argv[argc - 1]) == NULL || puts("one") < 0;
}
int other_main(int argc, char **argv)
{
	return argv[argc - 1][0] == of_other[of_one[0]]++;
}
int small_main(int argc, char **argv)
{
	return argc != 1 || argv[1] != NULL || puts("small") < 0;
}
"""


def readelf(path, *options):
    return subprocess.run(["readelf", "-W", *options, path], check=True, capture_output=True, text=True).stdout


def ranges(path):
    """([(address, end)] of what the kernel sets up, {section: (address, end)} of the programs' variables)."""
    loads = re.findall(r"^ +LOAD +\S+ (\S+) \S+ \S+ (\S+)", readelf(path, "-l"), re.MULTILINE)
    sections = re.findall(r"(\w+_main_bss) +NOBITS +(\S+) \S+ (\S+)", readelf(path, "-S"))
    return ([(int(at, 16), int(at, 16) + int(length, 16)) for at, length in loads],
            {name: (int(at, 16), int(at, 16) + int(length, 16)) for name, at, length in sections})


def assert_left_out(path):
    loads, sections = ranges(path)
    assert loads and len(sections) >= 2, f"{loads}, {sections}"
    for name, (at, end) in sections.items():
        assert not [load for load in loads if load[0] < end and at < load[1]], f"{name} is part of {path.name}"


@pytest.fixture
def build(tmp_path):
    def build_program(source):
        path = tmp_path / "program"
        subprocess.run(["gcc", "-static", "-no-pie", "-nostartfiles", "-Wl,-e,main", "-x", "c", "-", "-o", path],
                       input=source, text=True, check=True)
        return path
    return build_program


def test_of_the_guest():
    assert_left_out(HERE / BUILD / "images/kms-relay/thimble")


def test_left_out(build):
    path = build(SOURCE)
    with pytest.raises(AssertionError, match="a_main_bss is part"):
        assert_left_out(path)
    shared = max(end for _, end in ranges(path)[0])
    subprocess.run([TOOL, path], check=True)
    assert_left_out(path)
    loads, sections = ranges(path)
    assert max(end for _, end in loads) == min(at for at, _ in sections.values()) < shared


def refused(path):
    before = path.read_bytes()
    run = subprocess.run([TOOL, path], capture_output=True, text=True, check=False)
    assert run.returncode == 1 and path.read_bytes() == before, run
    return run.stderr


def test_constructors_are_refused(build):
    assert "has a constructor" in refused(build(SOURCE + CONSTRUCTOR + CONSTRUCTOR.replace("begin", "go_on")))


def test_without_such_variables(build):
    assert "no program's variables" in refused(build("int main(void) { return 0; }"))


@pytest.fixture
def run(tmp_path):
    """Runs a program of the executable that src/multicall makes of PROGRAMS."""
    (tmp_path / "programs.h").write_text(PROGRAMS_H)
    path = tmp_path / "thimble"
    subprocess.run([HERE / BUILD / "toolchain/cc", "-static", "-I", tmp_path, HERE / "src/multicall/multicall.c", "-x", "c", "-", "-o", path],
                   input=PROGRAMS, text=True, check=True)
    subprocess.run([TOOL, path], check=True)
    return lambda name: subprocess.run([name], executable=path, capture_output=True, text=True, check=False)


def test_a_program_has_its_own_variables(run):
    one = run("one")
    assert (one.returncode, one.stdout, one.stderr) == (0, "one\n", "")


def test_a_program_does_not_have_the_others(run):
    assert run("other").returncode == -signal.SIGSEGV


def test_a_program_without_variables(run):
    small = run("small")
    assert (small.returncode, small.stdout, small.stderr) == (0, "small\n", "")


def test_no_such_program(run):
    nobody = run("nobody")
    assert nobody.returncode == 127 and nobody.stderr == "nobody: there is no program of this name in it\n"
