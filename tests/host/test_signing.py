"""SIGN_KEY= and SIGN_CERT= sign the one file, and every image is made of the signed one; half of the two is refused."""

import subprocess

import pytest

from guest import TREE
from media import image, make_key


def make(*words):
    return subprocess.run(["make", "-C", TREE, *words], capture_output=True, text=True)


@pytest.mark.deadline(240)
def test_images_hold_the_signed_kernel(tmp_path):
    key, certificate = make_key(tmp_path, "site")
    done = make(f"OUT={tmp_path}", f"SIGN_KEY={key}", f"SIGN_CERT={certificate}", "image", "img", "iso")
    assert done.returncode == 0, done.stdout + done.stderr
    signed = tmp_path / image("efi").name
    verified = subprocess.run(["sbverify", "--cert", certificate, signed], capture_output=True, text=True)
    assert verified.returncode == 0, f"sbverify: {verified.stderr}"
    unsigned = subprocess.run(["sbverify", "--cert", certificate, image("efi")], capture_output=True, text=True)
    assert unsigned.returncode != 0, "expected the image of before to be unsigned"
    for suffix in ("img", "iso"):
        assert (tmp_path / image(suffix).name).read_bytes().count(signed.read_bytes()) == 1


@pytest.mark.parametrize("words, expected", [
    (["SIGN_KEY=LICENSE"], "both or none"), (["SIGN_CERT=LICENSE"], "both or none"),
    (["SIGN_KEY=no.key", "SIGN_CERT=LICENSE"], "no.key: there is no such file")])
def test_half_of_it_is_refused(words, expected):
    done = make("-n", "image", *words)
    assert done.returncode != 0 and expected in done.stderr, f"expected {expected!r}, got {done.stderr!r}"


def test_no_key_in_the_file_is_told(tmp_path):
    key, certificate = make_key(tmp_path, "site")
    done = make(f"OUT={tmp_path}", f"SIGN_KEY={certificate}", f"SIGN_CERT={certificate}", "image")
    assert done.returncode != 0 and "PEM" in done.stderr, f"expected sbsign's reason, got {done.stderr!r}"
