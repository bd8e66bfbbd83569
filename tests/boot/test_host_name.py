"""The guest is called as the setting says, else as DHCP says, else by its MAC; what it tells the server stays the same."""

import pytest

from servers import Dnsmasq

RANGE = "dhcp-range=192.0.2.100,192.0.2.150,1h"
OF_THE_MAC = "thimble-000001"


@pytest.fixture
def serve(keep, lan, tmp_path):
    return lambda *lines: keep(Dnsmasq(lan, tmp_path, RANGE, *lines).start())


def test_of_the_mac(lan, boot, serve):
    """And the server hears it."""
    server = serve()
    guest = boot(lan)
    guest.wait_screen(rf"^ kms-relay .* {OF_THE_MAC} *$")
    assert server.lease_of(guest.nics[0].mac).hostname == OF_THE_MAC


def test_of_dhcp(lan, boot, serve):
    """The server's name is shown; it is the server's alone, so the guest still tells its own."""
    server = serve("dhcp-host=02:00:5e:00:00:01,192.0.2.77,relay7")
    guest = boot(lan)
    guest.wait_screen(r"^ kms-relay .* relay7 *$")
    assert f"client provides name: {OF_THE_MAC}" in server.log_text()


def test_of_the_setting(lan, boot, serve):
    server = serve("dhcp-option-force=12,theirs")
    guest = boot(lan, append="thimble.hostname=mine.example")
    guest.wait_address(r"192\.0\.2\.\d+")
    guest.wait_screen(r"^ kms-relay .* mine\.example *$")
    assert "client provides name: mine.example" in server.log_text()


def test_a_bad_one(lan, boot, serve):
    serve('dhcp-option-force=12,"relay 7; reboot"')
    guest = boot(lan)
    guest.wait_screen(r'host name refused, from DHCP: "relay 7; reboot"')
    guest.wait_screen(rf"^ kms-relay .* {OF_THE_MAC} *$")
