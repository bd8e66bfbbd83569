"""The programs' own zeroed variables are no part of the guest's executable (src/start/start.c)."""

import re
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
