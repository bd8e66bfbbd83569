"""A short campaign of faults, always the same: `make soak` has long ones, of random seeds."""

import pathlib
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from campaign import BLOCK, Campaign
from netns import Lan
from tcp import TcpPeer, echo
from waiting import wait_until
from world import Clients

HOST = "192.0.2.1"
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


async def damage(reader, writer, peer):
    """Echo, but for one bit far behind."""
    sent = 0
    while data := await reader.read(65536):
        if sent < 5000 <= sent + len(data):
            data = data[:5000 - sent] + bytes([data[5000 - sent] ^ 1]) + data[5001 - sent:]
        sent += len(data)
        writer.write(data)
        await writer.drain()
    writer.write_eof()


async def cut(reader, writer, peer):
    """Echo, and an end in between."""
    writer.write((await reader.read(65536))[:50])
    await writer.drain()


@pytest.mark.parametrize("behaviour, key", [(damage, "wrong"), (cut, "failed"), (cut, "ended")])
def test_clients_see(keep, behaviour, key):
    """A bit that has turned, and an answer that is cut short."""
    lan = keep(Lan(f"{HOST}/24"))
    keep(TcpPeer(lan, behaviour, HOST))
    clients = keep(Clients(lan, "1", [HOST]))
    counts = wait_until(lambda: (now := clients.say("tell"))[key] and now, 30, f"{key} is counted", lambda: clients.say("tell"))
    assert behaviour is damage or not counts["wrong"], counts


def test_clients_of_a_good_host(keep):
    lan = keep(Lan(f"{HOST}/24"))
    keep(TcpPeer(lan, echo, HOST))
    clients = keep(Clients(lan, "1", [HOST]))
    counts = wait_until(lambda: (now := clients.say("tell"))["exchanges"] > 20 and now, 30, "exchanges", lambda: clients.say("tell"))
    assert not (counts["wrong"] or counts["failed"] or counts["ended"]), counts
    clients.say("rest")
    counts = clients.say("tell")
    assert counts == clients.say("tell") and not counts["ended"], counts
