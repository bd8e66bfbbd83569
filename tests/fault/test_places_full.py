"""A place that is full, of bytes or of files, is its writer's loss alone; one that init needs is shown."""

import pytest
from relayed import wait_relayed
from rooted import PROGRAMS, start_rooted
from servers import wait_renewed
from status_page import wait_answer

ALL = [*PROGRAMS, "service"]
KIB_MAX = {"/run": 1024, "/tmp": 1024}  # src/init/mounts.c; of others 256
FILES_MAX = {"/run": 512}  # of others 128
SILENT = r"init has been silent for \d+ s"


def wait_goes_on(guest):
    guest.wait_not_on_screen(guest.wait_screen(r" up [0-9a-z ]+,")[0])


def use_up(renewing, guest, root, how, place):
    number = int(root.tell(f"{how} {place}").split()[0])
    most = KIB_MAX.get(place, 256) if how == "fill" else FILES_MAX.get(place, 128)
    assert most // 2 < number <= most, f"{how} {place}: expected {most} at the most, got {number}"
    wait_renewed(renewing)
    wait_relayed(renewing.lan, root.host)
    wait_answer(renewing.lan, root.host)


@pytest.mark.deadline(400)
@pytest.mark.parametrize("place, writer", [("/run/thimble/log", "child.log"), ("/run/dhcpcd", "child.dhcpcd"),
                                           ("/run/dhcpcd-db", "child.dhcpcd"), ("/tmp", "service")])
def test_place_of_a_program(renewing, boot, tmp_path, place, writer):
    """Which runs on, and comes up in it."""
    guest, root = start_rooted(renewing.lan, boot, tmp_path)
    for how in ("fill", "touch"):
        use_up(renewing, guest, root, how, place)
        wait_goes_on(guest)
        root.kill(writer, ALL)
        wait_renewed(renewing)
        wait_goes_on(guest)
        root.tell(f"clear {place}")
    assert {lease.address for lease in renewing.leases()} == {root.host}
    guest.wait_screen(r"Ready: relay to 192\.0\.2\.1:1688")


@pytest.mark.deadline(400)
def test_place_of_init(renewing, boot, tmp_path):
    """Only root may write there."""
    guest, root = start_rooted(renewing.lan, boot, tmp_path)
    for count, how in enumerate(("fill", "touch"), 1):
        use_up(renewing, guest, root, how, "/run")
        guest.wait_screen(SILENT)
        guest.wait_screen(r"init +record init/system, trying again: No space left on device")
        assert root.tell(f"kill {root.record('child.web')['pid']}") == "ok\n"
        wait_answer(renewing.lan, root.host)
        root.tell("clear /run")
        guest.wait_not_on_screen(SILENT)
        root.wait_running("child.web", count)
        wait_goes_on(guest)
