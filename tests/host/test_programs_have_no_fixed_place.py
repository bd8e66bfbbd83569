"""Each program of the guest can be loaded anywhere, and no memory of it is both written to and executed."""

import re
import subprocess

import pytest

from tree import BUILD, HERE

PROGRAMS = ["images/kms-relay/thimble", "packages/dhcpcd/root/sbin/dhcpcd", "packages/ntpd/root/bin/ntpd"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_program_has_no_fixed_place(program):
    text = subprocess.run(["readelf", "-hlrdW", HERE / BUILD / program], check=True, capture_output=True, text=True).stdout
    assert re.search(r"Type: +DYN", text), f"expected a position-independent executable:\n{text}"
    assert "INTERP" not in text and "(NEEDED)" not in text, f"expected no loader and no library:\n{text}"
    assert "R_X86_64" not in text and "TEXTREL" not in text, f"expected packed relocations alone (DT_RELR):\n{text}"
    assert "GNU_RELRO" in text and "RWE" not in text, f"expected no segment that is written to and executed:\n{text}"
