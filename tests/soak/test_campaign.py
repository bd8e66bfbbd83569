"""A short campaign of faults, always the same: `make soak` has long ones, of random seeds."""

import pathlib
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from campaign import BLOCK, Campaign

SOAK = pathlib.Path(__file__).resolve().parent / "soak.py"
SEED = 1
FAULTS = [*range(30), *range(BLOCK - 4, BLOCK)]


@pytest.mark.deadline(900)
def test_short_campaign(keep, tmp_path):
    campaign = keep(Campaign(tmp_path, SEED))
    for number in FAULTS:
        campaign.run(number)
    assert not [str(line) for line in campaign.lines if line.faults]


@pytest.mark.deadline(400)
def test_command(tmp_path):
    """The command of `make soak`: the same seed gives the same faults, and there are lines, a report and a picture."""
    faults = []
    for name in ("one", "other"):
        done = subprocess.run([sys.executable, "-B", SOAK, tmp_path / name, "--seed", "7", "--faults", "4", "--kinds", "kill", "noise", "time"],
                              capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
        folder = tmp_path / name / "7"
        lines = (folder / "lines").read_text().splitlines()
        assert [line.split()[:2] for line in lines] == [["7", str(number)] for number in range(4)], lines
        faults.append([line.partition(" s  ")[2].partition(":")[0] for line in lines])
        assert "0 wrong" in (folder / "report.md").read_text()
        ElementTree.parse(folder / "recovery.svg")
    assert faults[0] == faults[1], faults
