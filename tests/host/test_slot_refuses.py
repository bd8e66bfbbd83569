"""What cannot go in is refused, with what is wrong and how to mend it. Of programs, tests/host/test_service_program.py has the rest."""

import subprocess

import pytest

from tree import BUILD, HERE

PROGRAM = "int main(void) { return 0; }\n"
MEND_STATIC = "Build it static: C: cc -static"


def check(path):
    run = subprocess.run(
        [HERE / "tools/check-binary", "--arch", "x86_64", path], capture_output=True, text=True, check=False
    )
    assert run.returncode in (0, 1) and run.stdout == "", run.stdout + run.stderr
    return run.returncode, run.stderr


def refused(path, *parts):
    status, said = check(path)
    assert status == 1 and said.startswith(f"BINARY={path}: "), said
    for part in parts:
        assert part in said, f"expected {part!r} in:\n{said}"


def compiled(folder, *flags):
    source, program = folder / "program.c", folder / "program"
    source.write_text(PROGRAM)
    subprocess.run(["gcc", "-o", program, source, *flags], check=True)
    return program


@pytest.mark.parametrize("flags", [["-static"], ["-static-pie"]])
def test_static_executables_are_taken(tmp_path, flags):
    assert check(compiled(tmp_path, *flags)) == (0, "")


def test_dynamic_is_not_for_a_container(tmp_path):
    refused(compiled(tmp_path), "it is dynamic: it needs /lib", "ld-linux", MEND_STATIC)


def test_make_refuses_before_the_long_steps(copied_tree):
    """Nothing is fetched, compiled or linked."""
    said = copied_tree.refuses("BINARY=README.md")
    assert "BINARY=README.md: it is no ELF executable" in said
    assert not any(word in said for word in ("SOURCES", "SYSROOT", " CC ", "LINUX")), said
    assert not copied_tree.build("images/README/archive").exists()


SETTINGS = f"{BUILD}/images/true/settings.conf"


@pytest.mark.parametrize("arguments, expected", [
    ("--a 'b", "setting refused, from ARGS, line 1: service.args = \"--a 'b\", an open single quote, allowed: "),
    ('--a "b', "an open double quote, allowed: "),
    ("--a \\", "a backslash at the end, allowed: "),
    ("--a\tb", "a control character, allowed: "),
    ("x" * 4096, "service.args: 4096 bytes, at most 4095 allowed"),
    ("a\nb", "ARGS=: a line break cannot be passed to a service"),
])
def test_arguments_that_cannot_be_passed(copied_tree, arguments, expected):
    """Where they are said, not by the guest."""
    said = copied_tree.refuses("BINARY=/bin/true", f"ARGS={arguments}", SETTINGS)
    assert expected in said, f"expected {expected!r}, got:\n{said}"
    assert not (copied_tree.folder / SETTINGS).exists()


@pytest.mark.parametrize("arguments", [
    "--a $HOME", "$(shell touch made)", "\"a b\" 'c d' e\\ f", "a#b", "`touch made`", "…", "a" * 4095, "--a=b", "",
])
def test_arguments_are_what_was_written(copied_tree, arguments):
    """Neither make nor a shell takes anything from them."""
    copied_tree.make("BINARY=/bin/true", f"ARGS={arguments}", SETTINGS)
    first = (copied_tree.folder / SETTINGS).read_text().splitlines()[0]
    assert first == f"service.args = {arguments}"
    assert not (copied_tree.folder / "made").exists()


def test_a_path_that_make_cannot_pass(copied_tree):
    for path in "./my daemon", "./a$b", "./it's":
        said = copied_tree.refuses(f"BINARY={path}")
        assert f"BINARY={path}: a path without blanks, quotes, $ and \\" in said and said.count("\n") == 1, said


def test_settings_to_bake_in_are_looked_at(copied_tree):
    (copied_tree.folder / "site.conf").write_text("hostname = relay1\nconsole = loud\n")
    said = copied_tree.refuses("CONFIG=site.conf")
    assert "setting refused, from site.conf, line 2: console = \"loud\", console is readonly until it is right" in said, said
    assert "allowed: on, off or readonly" in said, said
    assert not any(word in said for word in ("SOURCES", "SYSROOT", "LINUX")), said
