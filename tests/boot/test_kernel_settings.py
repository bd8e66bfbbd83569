"""Each line of rootfs/etc/sysctl.conf is in force in a running guest, and for each NIC: found by the kernel before init,
plugged in later, and a VLAN."""

import pytest

from dhcpcd import each, sysctls
from misbehave import tell
from servers import Dnsmasq
from waiting import wait_until

# The service may not read them. Init says so when one is not taken.
ROOT_ONLY = {"fs.protected_symlinks", "fs.protected_hardlinks", "fs.protected_fifos", "fs.protected_regular"}


SWAPPED = str.maketrans("./", "/.")  # a NIC's own dot is a slash in a key, as sysctl(8) has it


def words(lan, host, key):
    return tell(lan, host, f"read /proc/sys/{key.translate(SWAPPED)}").decode().split()


@pytest.mark.deadline(240)
def test_each_is_in_force(keep, lan, boot_misbehaving, tmp_path):
    keep(Dnsmasq(lan, tmp_path, "dhcp-range=192.0.2.100,192.0.2.150,1h").start())
    guest = boot_misbehaving(lan, lan, machine="q35", append="thimble.ip=eth0.5:dhcp")
    host = guest.wait_address(r"192\.0\.2\.\d+")
    guest.wait_screen(r"^ eth0\.5 ")
    guest.plug(lan)
    guest.wait_screen(r"^ eth2 ")
    nics = ["eth0", "eth1", "eth2", "eth0.5"]
    checked = [(name, value) for key, value in sysctls() if key not in ROOT_ONLY
               for name in each(key, [nic.replace(".", "/") for nic in nics])]
    assert len(checked) > 40
    for name, value in checked:
        wait_until(lambda: words(lan, host, name), 20, f"an answer about {name}")
        assert words(lan, host, name) == value.split(), name
    assert "kernel setting" not in tell(lan, host, "read /run/thimble/log/lines").decode()
