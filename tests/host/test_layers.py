"""The folders of src/ use one another downwards only, and in one executable a name means one thing."""

import collections
import re

import pytest
import tree

SOURCES = tree.HERE / "src"
MAKE = (tree.HERE / "mk/programs.mk").read_text()
LAYERS = re.search(r"^LAYERS := (.+)$", MAKE, re.M)[1].split()  # the highest first
MADE = "programs.h",  # by the build
FOLDERS = sorted(path.name for path in SOURCES.iterdir())
# A function of the loop's, or of one row of a table: each file has its own, and none is meant outside of it.
OF_A_FILE = re.compile(r"handle_\w+")
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
