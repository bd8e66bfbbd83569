"""A processor without RDRAND still gives addresses and serves."""

from guest import slaac_address
from relayed import wait_relayed


def test_without_rdrand(dual_stack, boot):
    guest = boot(dual_stack, cpu="qemu64")
    wait_relayed(dual_stack, guest.wait_address(r"192\.0\.2\.\d+"))
    wait_relayed(dual_stack, slaac_address("2001:db8:1::/64", guest.nics[0].mac))
