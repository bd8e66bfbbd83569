"""The NICs that VirtualBox, VMware and older machine types show get an address too."""

import pytest

from relayed import wait_relayed


@pytest.mark.parametrize("model", ["e1000", "e1000e", "vmxnet3", "pcnet", "tulip"])
def test_gets_an_address(dual_stack, boot, model):
    guest = boot(dual_stack, nic_model=model)
    wait_relayed(dual_stack, guest.wait_address(r"192\.0\.2\.\d+"))
