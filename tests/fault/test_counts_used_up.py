"""A service that has all the processes, or all the open files, that it may have takes none of the others'."""

import pytest
from misbehave import tell, wait_answers
from rooted import PROGRAMS, start_rooted_misbehaving
from servers import wait_renewed
from status_page import wait_answer
from test_service_fails import ends_by
from waiting import wait_until

NAMES = [name for name in PROGRAMS if name != "child.resolver"]  # not in this image
HELD_S = 600
PROCESSES_MAX = 4096  # what an appliance may ask for
LEFT = 96  # processes, at the least, for all others
FILES_MAX = 262_144  # RLIMIT_NOFILE of a service
ENOUGH = 8  # children with as many open files as the memory of a small guest holds


def assert_others_well(server, guest, root, names):
    for name in names:
        root.kill(name, names)
    wait_answer(server.lan, root.host, "/")
    wait_renewed(server)
    up = guest.wait_screen(r" up [0-9a-z ]+,")[0]
    guest.wait_not_on_screen(up)


@pytest.mark.deadline(500)
@pytest.mark.parametrize("memory_mb, bound", [(64, "kernel/threads-max"), (1024, "kernel/pid_max")])
def test_processes(renewing, boot_misbehaving, memory_mb, bound):
    """Whichever of the kernel's own two limits is the lower one."""
    guest, root = start_rooted_misbehaving(renewing.lan, boot_misbehaving, memory_mb=memory_mb,
                                           fact_changes={"SERVICE_PROCESSES": str(PROCESSES_MAX)})
    count = int(tell(renewing.lan, root.host, f"sleep {PROCESSES_MAX} {HELD_S}", 120).split()[0])
    most = int(root.tell(f"cat /proc/sys/{bound}")) - LEFT
    assert most // 2 < count <= most, f"expected nearly {most} processes, got {count}"
    assert_others_well(renewing, guest, root, NAMES)
    assert root.restarts(["service"]) == {"service": 0}


@pytest.mark.deadline(500)
def test_open_files_of_its_own(renewing, boot_misbehaving):
    guest, root = start_rooted_misbehaving(renewing.lan, boot_misbehaving, memory_mb=256)
    answer = tell(renewing.lan, root.host, f"open 1 {HELD_S}", 120).decode()
    count, why = answer.strip().split(" ", 1)
    assert FILES_MAX - 16 < int(count) < FILES_MAX and why == "No file descriptors available", answer  # EMFILE
    assert_others_well(renewing, guest, root, NAMES)
    assert root.restarts(["service"]) == {"service": 0}


@pytest.mark.deadline(500)
def test_open_files_of_all(renewing, boot_misbehaving):
    """The kernel's memory is what they use up, so the service's processes end. Others may end with them: the kernel gives the
    memory of files back some time after who had them. All of them are there again afterwards."""
    guest, root = start_rooted_misbehaving(renewing.lan, boot_misbehaving, memory_mb=64)
    for _ in range(3):
        ends_by(renewing.lan, root.host, f"open {ENOUGH} {HELD_S}")
        wait_answers(renewing.lan, root.host)
        for name in NAMES:
            wait_until(lambda: root.record(name).get("state") == "running", 90, f"{name} runs", lambda: root.record(name))
    assert_others_well(renewing, guest, root, NAMES)
    wait_answers(renewing.lan, root.host)
