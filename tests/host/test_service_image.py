"""tools/thimble-service puts a service into a finished image, shows it, takes it out again, and says when it will not start."""

import gzip
import random
import re
import shutil
import subprocess
import sys

import pytest

from elf import ET_EXEC, elf
from media import image, make_key, sign
from packed import Packer
from tree import HERE

sys.path.insert(0, str(HERE / "tools"))
from service import archive  # noqa: E402
from service.tree import Refused  # noqa: E402


@pytest.fixture
def packer(tmp_path):
    """In a folder with a daemon and slot.efi, an image without a service."""
    shutil.copyfile(image("efi"), tmp_path / "slot.efi")
    (tmp_path / "daemon").write_bytes(elf(kind=ET_EXEC))
    (tmp_path / "daemon").chmod(0o755)
    return Packer(tmp_path)


def ran(packer, *words):
    done = packer.run(*words)
    assert done.returncode == 0, done.stderr
    return done


def shown(packer, name):
    return dict(line.split(": ", 1) if ": " in line else (line.rstrip(":"), "") for line in ran(packer, "--show", name).stdout.splitlines())


def test_in_and_out_again(packer):
    before = (packer.folder / "slot.efi").read_bytes()
    assert shown(packer, "slot.efi") == {"service": "none"}
    done = ran(packer, "slot.efi", "--binary", "daemon", "--args", "-f 'a b'", "--port", "80/tcp", "--health", "tcp:80", "--output", "new.efi")
    size = (packer.folder / "new.efi").stat().st_size
    assert re.match(rf"new\.efi, {size} bytes, needs \d+ MB of memory, \d+ with UEFI, \d+ when", done.stdout), done.stdout
    assert (packer.folder / "slot.efi").read_bytes() == before and size > len(before)
    inside = shown(packer, "new.efi")
    assert {key: inside[key] for key in ("service", "file", "command", "ports", "user", "users", "health")} == {
        "service": "daemon", "file": "/usr/bin/daemon", "command": "/usr/bin/daemon -f 'a b'", "ports": "80/tcp", "user": "104:104",
        "users": "namespace", "health": "tcp:80"}
    assert inside["memory"] in done.stdout
    ran(packer, "new.efi", "--binary", "daemon", "--name", "second", "--output", "new.efi")
    assert shown(packer, "new.efi")["service"] == "second", "expected the second service in place of the first"
    ran(packer, "--remove", "new.efi", "--output", "back.efi")
    assert (packer.folder / "back.efi").read_bytes() == before, "expected the image as it was before"
    assert not list(packer.folder.glob("*.new"))


def test_signed_images(packer):
    """Signed anew with the user's key; without one the result says that it will not start."""
    key, certificate = make_key(packer.folder, "site")
    sign(packer.folder / "slot.efi", key, certificate, packer.folder / "signed.efi")
    words = "signed.efi", "--binary", "daemon", "--output"
    done = ran(packer, *words, "unsigned.efi")
    assert "unsigned.efi: is not signed, as signed.efi was, and will not start under Secure Boot" in done.stderr
    assert verified(packer.folder / "unsigned.efi", certificate) != 0
    done = ran(packer, *words, "new.efi", "--sign-key", key, "--sign-cert", certificate)
    assert "Secure Boot" not in done.stderr and verified(packer.folder / "new.efi", certificate) == 0
    assert shown(packer, "new.efi")["service"] == "daemon"


def verified(path, certificate):
    return subprocess.run(["sbverify", "--cert", certificate, path], capture_output=True).returncode


@pytest.mark.parametrize("words, said", [
    (("daemon", "--binary", "daemon"), "daemon: "),
    (("none.efi", "--binary", "daemon"), "none.efi: No such file or directory"),
    (("slot.efi", "--binary", "none"), "--binary none: there is no such file"),
    (("slot.efi", "--binary", "daemon", "--sign-key", "none.pem", "--sign-cert", "none.pem"), "sbsign failed"),
])
def test_refused_without_a_trace(packer, words, said):
    before = sorted(packer.folder.iterdir())
    done = packer.run(*words, "--output", "new.efi")
    assert done.returncode == 1 and done.stdout == "" and said in done.stderr, f"expected {said!r}, got {done}"
    assert sorted(packer.folder.iterdir()) == before


def test_a_damaged_service_is_shown_or_refused(packer):
    """Whatever is in the file: text that somebody else wrote, headers with bytes exchanged."""
    chance = random.Random(1)
    small = "--file", "daemon:/etc/ssl/certs/ca-certificates.crt"
    plain = gzip.decompress(packer.pack("--binary", "daemon", "--writable", "/tmp:4K", "--env", "A=1", *small).data)
    shown_count = 0
    for _ in range(300):
        data = bytearray(plain)
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(data))
            word = chance.choice([b"-0000001", b"+", b"\0", b"f" * 8, b" ", b"\xff", b"=", b"070701", bytes(300)])
            data[at:at + len(word)] = word
        try:
            inside = archive.Inside(gzip.compress(data, 1)[:chance.choice([None, None, None, 200])])
            assert inside.unpacked_bytes() >= 0 and inside.writable_bytes() >= 0 and all(len(place) == 5 for place in inside.places())
            shown_count += 1
        except Refused:
            pass
    assert 0 < shown_count < 300
