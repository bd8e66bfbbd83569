"""A cable pulled out is on the screen; put back, the guest serves again, and again after many flaps."""

from relayed import wait_relayed


def test_cable_out_and_in(dual_stack, boot):
    guest = boot(dual_stack)
    four = guest.wait_address(r"192\.0\.2\.\d+")
    wait_relayed(dual_stack, four)
    guest.set_link(guest.nics[0], False)
    guest.wait_screen(r"Not ready: no link on eth0")
    guest.set_link(guest.nics[0], True)
    guest.wait_screen(rf"{four}/24\s+dhcp")
    wait_relayed(dual_stack, four)
    for _ in range(10):
        guest.set_link(guest.nics[0], False)
        guest.set_link(guest.nics[0], True)
    guest.wait_screen(rf"{four}/24\s+dhcp")
    guest.wait_screen(r"Ready: relay")
    wait_relayed(dual_stack, four)
