"""Not a test of the programs: writes down the system calls that they make in a guest, where what is below them is not as on the
host: terminals, the agent's port, the kernel's log, hot-plugged NICs. dhcpcd is not among them, because init sets its list."""

from dhcpcd import RECORD
from log import Rsyslog
from overlay import overlay
from qga import Port
from servers import Dnsmasq
from tree import BUILD, HERE
from waiting import wait_until

PROGRAMS = HERE / BUILD / "bin"
DATA = RECORD.parent / "data"
NAMES = {name: f"/bin/{name}" for name in ("console", "link", "net", "log", "resolver", "agent", "web", "clock")} | {"relay": "/usr/bin/relay"}
ASKED = ("guest-network-get-interfaces", "guest-get-osinfo", "guest-get-host-name", "guest-get-time", "guest-get-load", "guest-get-fsinfo",
         "guest-get-vcpus", "guest-get-disks", "guest-get-timezone", "guest-get-users", "guest-get-diskstats")


def files():
    """Each program behind the recorder."""
    found = {}
    for name, path in NAMES.items():
        found[path] = 0o755, RECORD.read_bytes()
        found[f"/bin/{name}.real"] = 0o755, (PROGRAMS / name).read_bytes()
    return found


def test_calls_in_a_guest(keep, lan, boot, tmp_path):
    keep(Dnsmasq(lan, tmp_path, "dhcp-range=192.0.2.100,192.0.2.150,1h", "dhcp-option=7,192.0.2.1", "dhcp-option=42,192.0.2.1").start())
    collector = keep(Rsyslog(lan, tmp_path, "udp", "192.0.2.1").start())
    port = keep(Port())
    guest = boot(lan, memory_mb=128, upstream="relay.example", extra=["-initrd", str(overlay(tmp_path, files())), *port.argv()])
    address = guest.wait_address(r"192\.0\.2\.\d+")
    client = port.connect().sync()
    for command in ASKED:
        client.ask(command)
    lan.run("curl", "--silent", "--max-time", "60", f"http://{address}/status.json")
    guest.press(b"lcc")
    guest.wait_screen("eth0 +UP")
    guest.set_link(guest.nics[0], False)
    guest.wait_not_on_screen("eth0 +UP")
    guest.set_link(guest.nics[0], True)
    guest.wait_address(r"192\.0\.2\.\d+")
    guest.unplug(guest.plug(lan))
    guest.press(b"ry")
    wait_until(lambda: {message.app for message in collector.messages()} >= {"init", "relay", "dhcpcd", "log"}, 60, "lines of each child")
    guest.power_button()
    guest.wait_off("guest-shutdown", 60)
    lines = [message.text.split() for message in collector.messages() if message.text.startswith("calls ")]
    assert {words[1] for words in lines} == set(NAMES), lines
    for _, name, number, family in lines:
        with open(DATA / name, "a") as file:
            file.write(f"{number} {family} tests/survey/test_guest.py::test_calls_in_a_guest\n")
