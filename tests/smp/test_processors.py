"""With 1, 2 and 4 processors the image of SMP=1 serves, gives a service's threads all of them, and ends in order."""

import pytest

from guest import TREE
from relayed import wait_relayed
from tcp import exchange_at_once
from vm.machines import MACHINES

SPREAD = TREE / "out/spread-smp-x86_64.efi"
PROCESSORS = pytest.mark.parametrize("machine, processors", [
    ("pc", 1), ("pc", 2), ("q35", 4), ("microvm", 2), ("microvm", 4)])


@PROCESSORS
def test_relays_and_powers_off(dual_stack, boot, machine, processors):
    guest = boot(dual_stack, machine=machine, extra=["-smp", str(processors)])
    four = guest.wait_address(r"192\.0\.2\.\d+")
    wait_relayed(dual_stack, four)
    exchange_at_once(dual_stack, four, 1688, 100, 20_000, 60)
    guest.wait_screen(r"Service +relay running.*, 0 restarts")
    if MACHINES[machine].vga:
        guest.power_button()
        guest.wait_off()


@PROCESSORS
def test_threads_run_on_all(dual_stack, boot, machine, processors):
    guest = boot(dual_stack, image=SPREAD, upstream=None, machine=machine, extra=["-smp", str(processors)])
    four = guest.wait_address(r"192\.0\.2\.\d+")
    guest.wait_screen(r"Ready: spread")
    for _ in range(3):
        with dual_stack.connect(four, 8080, 60) as sock:
            answer = b""
            while data := sock.recv(65536):
                answer += data
        assert answer.decode().splitlines() == [f"{number} {number}" for number in range(processors)]
