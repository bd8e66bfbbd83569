"""tools/thimble-config puts settings into every format in place, shows them, and changes nothing when it refuses."""

import pathlib
import shutil
import subprocess

import pytest

from guest import TREE
from media import FORMATS, configure, copy_configured, image

SETTINGS = "# for this site\nrelay.upstream = kms.example.org:1688\n\nhostname = relay1\n"


def show(path):
    return subprocess.run([TREE / "tools/thimble-config", "--show", path], capture_output=True, text=True)


def assert_refused(done, *words):
    assert done.returncode == 1, f"expected status 1, got {done}"
    for word in words:
        assert word in done.stderr, f"expected {word!r} in {done.stderr!r}"


@pytest.fixture
def copy(tmp_path):
    """copy(SUFFIX): an image that may be changed."""
    return lambda suffix: pathlib.Path(shutil.copyfile(image(suffix), tmp_path / image(suffix).name))


@pytest.mark.parametrize("suffix", FORMATS)
def test_in_and_out_again(suffix, copy):
    path = copy(suffix)
    before = path.read_bytes()
    assert show(path).stdout == ""
    done = configure(path, SETTINGS)
    assert done.returncode == 0, done.stderr
    assert show(path).stdout == SETTINGS
    assert path.read_bytes() != before
    assert configure(path, "hostname = relay2\n").returncode == 0
    assert show(path).stdout == "hostname = relay2\n", "expected the second settings in place of the first"
    assert configure(path, "").returncode == 0
    assert path.read_bytes() == before, "expected the image as it was before"


@pytest.mark.parametrize("suffix", ["efi", "ova", "qcow2"])
def test_bad_settings_leave_the_image_as_it_was(suffix, copy):
    path = copy(suffix)
    before = path.read_bytes()
    assert_refused(configure(path, "hostname = relay1\n\nrelay.max-connections = many\nrelay.up = x\nnonsense\n"),
                   ".conf, line 3: relay.max-connections = \"many\", allowed: a number from 1 to 100000",
                   "line 4: \"relay.up\" is no setting", "line 5: \"nonsense\", allowed: key = value")
    assert path.read_bytes() == before
    assert sorted(p.name for p in path.parent.iterdir()) == [path.name, path.name + ".conf"], "expected nothing left behind"


def test_as_much_as_there_is_room_for(copy):
    path = copy("img")
    room = 4096 - 16 - len("#settings in this image\n")
    assert_refused(configure(path, "#" * (room + 1) + "\n"), "room for", str(room))
    text = "#" * (room - 1)
    assert configure(path, text + "\n").returncode == 0
    assert show(path).stdout == text + "\n"


def test_keeps_its_checksum(copy):
    """The last four bytes of a bzImage are the CRC of the others (arch/x86/boot/tools/build.c)."""
    import zlib
    path = copy("efi")
    configure(path, SETTINGS)
    data = path.read_bytes()
    assert int.from_bytes(data[-4:], "little") == zlib.crc32(data[:-4]) ^ 0xFFFFFFFF


def test_a_program_that_is_not_here(copy, tmp_path):
    settings = tmp_path / "site.conf"
    settings.write_text(SETTINGS)
    done = subprocess.run(["/usr/bin/python3", "-B", TREE / "tools/thimble-config", copy("efi"), settings],
                          env={"PATH": str(tmp_path)}, capture_output=True, text=True)
    assert_refused(done, "thimble-config: make is not here. What helps: apt-get install make")


def test_what_is_no_image(tmp_path, copy):
    text = tmp_path / "letter.txt"
    text.write_text("Dear Sirs\n")
    assert_refused(configure(text, SETTINGS), "letter.txt", "has no place for settings")
    assert_refused(show(text), "has no place for settings")
    assert_refused(show(tmp_path / "nothing.img"), "nothing.img", "No such file")
    broken = copy("vmdk")
    broken.write_bytes(broken.read_bytes()[:100_000])
    before = broken.read_bytes()
    assert configure(broken, SETTINGS).returncode == 1
    assert broken.read_bytes() == before
    cut = copy("efi")
    cut.write_bytes(cut.read_bytes()[:18_000])
    assert_refused(configure(cut, SETTINGS), "ends in the middle of its settings")


def test_keeps_mode_and_works_on_two_copies_alike(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
    first = copy_configured("qcow2", one, SETTINGS)
    second = copy_configured("qcow2", two, SETTINGS)
    assert first.read_bytes() == second.read_bytes(), "expected the same bytes each time"
    first.chmod(0o600)
    configure(first, "hostname = x\n")
    assert first.stat().st_mode & 0o777 == 0o600
