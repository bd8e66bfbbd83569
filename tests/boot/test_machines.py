"""Each machine type with each kind of processor, one or more of them, gets a lease, serves and shows its screen."""

import re

import pytest

from pictures import vga_text
from relayed import wait_relayed
from vm.machines import MACHINES
from waiting import wait_until

# Not the whole product: each machine and each processor twice or more, and each number of processors. One of them is
# used (kernel/README.md, "Known limits"). pc with qemu64: test_no_random_instruction.py; pc and microvm with the best that the
# accelerator has: test_small_memory.py.
CASES = [
    ("pc", "Skylake-Client-v1", 2),
    ("pc", "EPYC", 4),
    ("q35", "qemu64", 1),
    ("q35", "EPYC", 2),
    ("q35", "max", 4),
    ("microvm", "qemu64", 2),
    ("microvm", "Skylake-Client-v1", 4),
    ("microvm-pcie", "max", 1),
    ("microvm-pcie", "EPYC", 2),
]


@pytest.mark.parametrize("machine, cpu, processors", CASES)
def test_serves_on(dual_stack, boot, tmp_path, machine, cpu, processors):
    guest = boot(dual_stack, machine=machine, cpu=cpu, extra=["-smp", str(processors)])
    four = guest.wait_address(r"192\.0\.2\.\d+")
    wait_relayed(dual_stack, four)
    guest.wait_screen(r"Ready: relay")
    if MACHINES[machine].vga:
        def read():
            return vga_text(guest, tmp_path)

        wait_until(lambda: re.search(rf"{re.escape(four)}/24\s+dhcp", read()) and "Ready: relay" in read(), 30,
                   "the same on VGA", read)
