"""A collector that DHCP names has every line of the guest, from the first one to the last before the power is off."""

from log import Rsyslog, parse_data
from servers import Dnsmasq
from waiting import wait_until


def test_from_boot_to_the_end(keep, lan, boot, tmp_path):
    keep(Dnsmasq(lan, tmp_path, "dhcp-range=192.0.2.100,192.0.2.150,1h", "dhcp-option=7,192.0.2.1").start())
    collector = keep(Rsyslog(lan, tmp_path, "udp", "192.0.2.1").start())
    guest = boot(lan)
    guest.wait_address(r"192\.0\.2\.\d+")

    def apps():
        return {message.app for message in collector.messages()}
    wait_until(lambda: {"init", "relay", "dhcpcd", "log"} <= apps(), 60, "lines of each child", lambda: str(apps()))
    guest.press(b"l")
    guest.wait_screen(r"syslog: udp://192\.0\.2\.1:514: .* -> sending")
    guest.power_button()
    guest.wait_off("guest-shutdown", 30)
    messages = collector.messages()
    assert [parse_data(message).sequence for message in messages] == list(range(1, len(messages) + 1))
    assert messages[0].host == "thimble-000001", messages[0]
    assert any("stopping the rest" in message.text for message in messages if message.app == "init"), messages[-5:]
    assert all(int(message.severity) <= 7 and message.facility in ("0", "3") for message in messages)
