"""dhcpcd sends the name that init gave it at its start, whatever the server calls the guest and whatever the guest is
called since; and net hands on what the server said, as it came."""

import pytest
from capture import Capture
from dhcpcd import MAC
from servers import Dnsmasq, Kea4


DHCP_COOKIE = bytes.fromhex("63825363")
HOST_NAME, MESSAGE_TYPE, REQUEST = 12, 53, 3


def dhcp_options(frame):
    """{number: value} of a DHCP message (RFC 2132)."""
    options, at = {}, frame.index(DHCP_COOKIE) + 4
    while frame[at] != 255:
        length = frame[at + 1] if frame[at] else -1
        options[frame[at]] = frame[at + 2:at + 2 + length]
        at += 2 + length
    return options


def names(capture, kind=None):
    """What clients called themselves, in their messages of KIND."""
    messages = [dhcp_options(frame) for frame in capture.dhcp_requests()]
    return [options.get(HOST_NAME, b"").decode() for options in messages if kind is None or options[MESSAGE_TYPE] == bytes([kind])]


def test_the_name_stays(keep, tmp_path, lan, guest):
    capture = keep(Capture(lan))
    server = Kea4(lan, tmp_path, "192.0.2.0/24", "192.0.2.10 - 192.0.2.20", lifetime_s=60,
                  **{"renew-timer": 2, "rebind-timer": 50})
    server.settings["subnet4"][0]["reservations"] = [{"hw-address": MAC, "hostname": "relay7"}]
    keep(server.start())
    guest.start()
    guest.wait_address("192.0.2.", "dhcp")
    guest.wait(lambda: guest.resolver().get("host_name") == "relay7", "the server's name")
    guest.set_host_name("relay7")  # as init does
    renewals = len(names(capture, REQUEST))
    guest.wait(lambda: len(names(capture, REQUEST)) >= renewals + 2, "two renewals")
    assert set(names(capture)) == {guest.host_name}


@pytest.mark.parametrize("sent, told", [
    ("relay7.", "relay7"),
    ("relay 7; reboot", "relay 7; reboot"),
    (r"relay7\e[2J\nnew_ntp_servers=192.0.2.66", r"relay7\x1b[2J\x0anew_ntp_servers=192.0.2.66"),
    ("relay7é", r"relay7\xc3\xa9"),
    ("a" * 200, "a" * 200),
], ids=["dot", "blank", "escapes", "not-ascii", "long"])
def test_what_the_server_says_is_handed_on(keep, tmp_path, lan, guest, sent, told):
    """init judges it, and says what it refuses."""
    keep(Dnsmasq(lan, tmp_path, "dhcp-range=192.0.2.100,192.0.2.150,1h",
                 f'dhcp-option-force={HOST_NAME},"{sent}"').start())
    guest.start()
    guest.wait_address("192.0.2.", "dhcp")
    guest.wait(lambda: guest.resolver().get("host_name") == told, f"host_name={told}")
    assert "ntp.1" not in guest.resolver()
