"""tools/ovmf-keys says in one line why it makes no variables, and what helps."""

import subprocess

import pytest

from media import OVMF_EMPTY, make_key
from tree import HERE


@pytest.mark.parametrize("what, given, expected", [
    ("certificate", "/no/site.crt", "/no/site.crt: No such file or directory"),
    ("certificate", HERE / "LICENSE", "LICENSE: no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----"),
    ("empty", "/no/OVMF_VARS.fd", "/no/OVMF_VARS.fd: no such file. What helps: apt-get install ovmf"),
    ("empty", HERE / "LICENSE", "LICENSE: no store of authenticated variables"),
    ("target", "/no/site.fd", "/no/site.fd: No such file or directory"),
])
def test_refused_in_one_line(tmp_path, what, given, expected):
    words = {"certificate": make_key(tmp_path, "site")[1], "empty": OVMF_EMPTY, "target": tmp_path / "site.fd"} | {what: given}
    done = subprocess.run([HERE / "tools/ovmf-keys", *words.values()], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stderr.count("\n") == 1, f"expected one line, got {done}"
    assert done.stderr.startswith("ovmf-keys: ") and expected in done.stderr, done.stderr
