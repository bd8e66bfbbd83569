"""The folders of src/ use one another downwards only, none of their files call each other in a circle, and in one executable a
name means one thing."""

import collections
import pathlib
import re
import subprocess

import pytest
import tree

SOURCES = tree.HERE / "src"
MAKE = (tree.HERE / "mk/programs.mk").read_text()
LAYERS = re.search(r"^LAYERS := (.+)$", MAKE, re.M)[1].split()  # the highest first
MADE = "programs.h",  # by the build
FOLDERS = sorted(path.name for path in SOURCES.iterdir())
# A function of the loop's, or of one row of a table: each file has its own, and none is meant outside of it.
OF_A_FILE = re.compile(r"handle_\w+")
DECLARATION = re.compile(r"^(?!static|typedef)[a-z][\w \t*]*?\**\b([a-z]\w*)\([^;{}]*\)[^;{}]*;", re.M)
DEFINITION = re.compile(r"^[a-z][\w \t*]*?\**\b(\w+)\([^;{}]*\)\n\{", re.M)


def below(folder):
    return LAYERS[LAYERS.index(folder) + 1:] if folder in LAYERS else LAYERS


def files(folder):
    return sorted(path for path in (SOURCES / folder).iterdir() if path.suffix in (".c", ".h"))


@pytest.mark.parametrize("folder", FOLDERS)
def test_includes_go_down(folder):
    wrong = []
    for path in files(folder):
        for name in re.findall(r'^#include "([^"]+)"', path.read_text(), re.M):
            first, slash, _ = name.partition("/")
            if first not in below(folder) + [folder] if slash else not (SOURCES / folder / name).exists() and name not in MADE:
                wrong.append(f"{folder}/{path.name} includes {name}")
    assert not wrong, f"expected of src/{folder} what is in it or in {below(folder)}: {wrong}"


def circle(arrows):
    """What of ARROWS, pairs (from, to), lies on a way that leads back to where it began, or between two of these."""
    while True:
        starts, ends = ({arrow[side] for arrow in arrows} for side in (0, 1))
        left = {(start, end) for start, end in arrows if start in ends and end in starts}
        if left == arrows:
            return left
        arrows = left


@pytest.mark.parametrize("folder", [folder for folder in FOLDERS if len(list((SOURCES / folder).glob("*.c"))) > 1])
def test_no_files_call_each_other(folder):
    objects = [tree.HERE / tree.BUILD / "obj" / folder / f"{path.stem}.o" for path in files(folder) if path.suffix == ".c"]
    run = subprocess.run(["nm", "--print-file-name", "--extern-only", *objects], capture_output=True, text=True, check=True)
    symbols = [(f"{folder}/{pathlib.Path(path).stem}", words.split()[-2:])
               for path, _, words in (line.partition(":") for line in run.stdout.splitlines())]
    place = {name: file for file, (kind, name) in symbols if kind != "U"}
    calls = {(file, place[name]) for file, (kind, name) in symbols if kind == "U" and name in place}
    assert calls, f"expected of src/{folder} calls between its files"
    back = sorted(circle(calls))
    assert not back, f"expected of src/{folder} that calls between its files never lead back: {back}"


def test_no_headers_include_each_other():
    includes = {(path.relative_to(SOURCES), found.relative_to(SOURCES)) for folder in FOLDERS for path in files(folder)
                for name in re.findall(r'^#include "([^"]+)"', path.read_text(), re.M)
                for found in (path.parent / name, SOURCES / name) if path.suffix == ".h" and found.exists()}
    back = sorted(f"{header} -> {included}" for header, included in circle(includes))
    assert includes and not back, f"expected includes of headers that never lead back: {back}"


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_header_speaks_for_its_file(folder):
    """Functions of one type, each in a file of its own, may stand together below the type."""
    place = {name: path.stem for path in files(folder) if path.suffix == ".c" for name in DEFINITION.findall(path.read_text())}
    wrong = [f"{name} of {place.get(name)}.c in {folder}/{path.name}" for path in files(folder) if path.suffix == ".h"
             for name in DECLARATION.findall(path.read_text()) if place.get(name) != path.stem]
    assert not wrong, f"expected functions of src/{folder} in the headers of their files: {wrong}"


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_name_has_one_meaning(folder):
    places = collections.defaultdict(set)
    for part in {folder, *below(folder)}:
        for path in files(part):
            for name in DEFINITION.findall(path.read_text()):
                places[name].add(f"{part}/{path.name}")
    assert len(places) > 1 or folder == "multicall", "expected functions to be found"
    twice = {name: sorted(where) for name, where in places.items() if len(where) > 1 and not OF_A_FILE.fullmatch(name)
             and any(place.startswith(f"{folder}/") for place in where)}
    assert not twice, f"expected each name once in what src/{folder} is linked with: {twice}"
