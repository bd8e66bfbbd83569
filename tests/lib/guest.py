"""An appliance in QEMU as a test sees it: cables, keys, buttons, and what its screen says."""

import collections
import ipaddress
import os
import pathlib
import re
import sys

from waiting import wait_until

TREE = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TREE / "tools"))

from vm import machines  # noqa: E402
from vm.process import Vm  # noqa: E402
from vm.qmp import QmpError  # noqa: E402
from vm.screen import SerialScreen  # noqa: E402

IMAGE = pathlib.Path(os.environ.get("THIMBLE_IMAGE", TREE / "out/kms-relay-x86_64.efi"))

# Under emulation, on a machine that runs other things too.
BOOT_S = 60
CHANGE_S = 60
OFF_S = 30

# A reset starts the guest anew in the same QEMU, which else ends: what a device remembers goes with it.
RESETS = ["-action", "reboot=reset,watchdog=reset"]

# id, netdev: QEMU's names of the device and of what it is connected to; cable: None on QEMU's own network.
Plugged = collections.namedtuple("Plugged", "id netdev cable mac")


class Guest:
    """LANS are what its NICs are plugged into, in order; "user" is QEMU's own network. MACs are
    02:00:5e:00:00:01 and up. NIC_MODEL: the model of all, or a list with one for each. EXTRA goes to QEMU as it
    is; image None: EXTRA says what to boot."""

    def __init__(self, folder, *lans, image=IMAGE, machine="pc", memory_mb=64, cpu=None, append="",
                 extra=(), nic_model=None, pass_fds=(), columns=100, lines=40,
                 marks=(), name="guest"):
        self.name = name
        self.machine = machine
        self.folder = pathlib.Path(folder)
        self.nics = []
        models = nic_model if isinstance(nic_model, list) else [nic_model] * len(lans)
        netdevs = [self._cable(lan, model) for lan, model in zip(lans, models, strict=True)]
        # QEMU stays when the guest ends, so that its last event cannot be lost.
        extra = ["-no-shutdown", *extra]
        accelerator, _ = machines.choose_accelerator(os.environ.get("ACCEL"))
        self.log = self.folder / f"{name}.qemu.log"
        self.serial_log = self.folder / f"{name}.serial.log"
        self.vm = Vm(image, machine, accelerator, memory_mb, self.log, pass_fds=[*self._ends(), *pass_fds],
                     nics=netdevs, cpu=cpu, append=append, extra=extra)
        for nic in self.nics:
            if nic.cable:
                nic.cable.qemu_end.close()
        self.qmp = self.vm.qmp
        try:
            self.qmp.negotiate()
        except QmpError as error:
            raise AssertionError(f"{error}: {self.log.read_text(errors='replace')}") from error
        self.serial = SerialScreen(self.vm.serial, self.serial_log, columns, lines, marks)

    def _cable(self, lan, model=None, mac=None):
        number = len(self.nics)
        mac = mac or f"02:00:5e:00:00:{number + 1:02x}"
        cable, netdev = None, "user,ipv4=on,ipv6=on"
        if lan != "user":
            cable = lan.plug_cable()
            netdev = f"dgram,local.type=fd,local.str={cable.qemu_end.fileno()}"
        self.nics.append(Plugged(f"nic{number}", f"net{number}", cable, mac))
        return machines.Nic(netdev, model, mac)

    def _ends(self):
        return [nic.cable.qemu_end.fileno() for nic in self.nics if nic.cable]

    # --- what it shows ---

    def screen(self):
        return self.serial.text()

    def wait_screen(self, regex, deadline_s=CHANGE_S):
        """Waits until REGEX (lines are ^$ too) is on the screen. Returns the match."""
        found = self.serial.wait_regex(regex, deadline_s)
        assert found, (f"expected on the screen within {deadline_s} s: {regex}\n"
                       f"last seen{' (QEMU has ended)' if self.serial.closed else ''}:\n{self.screen()}")
        return found

    def wait_not_on_screen(self, regex, deadline_s=CHANGE_S):
        found = self.serial.wait(lambda text: not re.search(regex, text, re.MULTILINE), deadline_s)
        assert found, f"expected to leave the screen within {deadline_s} s: {regex}\nlast seen:\n{self.screen()}"

    # An address with its origin is the Network part's: the log's lines name none.

    def wait_address(self, regex, deadline_s=BOOT_S):
        """Waits for a usable address on the screen that REGEX matches; returns it without its prefix."""
        return self.wait_screen(rf"(?<![0-9a-f:.])({regex})/\d+ +(?:dhcp|slaac|static)(?!.*tentative)",
                                deadline_s)[1]

    def wait_no_address(self, regex, deadline_s=CHANGE_S):
        self.wait_not_on_screen(rf"(?<![0-9a-f:.]){regex}/\d+ +(?:dhcp|slaac|static)", deadline_s)

    def press(self, keys):
        self.serial.send(keys)

    # --- cables ---

    def plug(self, lan, mac=None):
        """Plugs a new NIC into the running guest."""
        nic = self._cable(lan, mac=mac)
        plugged = self.nics[-1]
        with plugged.cable.qemu_end as end:
            self.qmp.command("getfd", fds=[end.fileno()], fdname=plugged.netdev)
        self.qmp.command("netdev_add", type="dgram", id=plugged.netdev,
                         local={"type": "fd", "str": plugged.netdev})
        slots = machines.MACHINES[self.machine].slots
        self.qmp.command("device_add", driver=machines.MACHINES[self.machine].nic, id=plugged.id,
                         netdev=plugged.netdev, mac=nic.mac, bus=slots[(len(self.nics) - 2) % len(slots)])
        return plugged

    def unplug(self, plugged, deadline_s=CHANGE_S):
        """Asks the guest to let the NIC go, and waits until it has."""
        since = len(self.qmp.events)
        self.qmp.command("device_del", id=plugged.id)
        self.qmp.wait_event("DEVICE_DELETED", deadline_s, since, device=plugged.id)
        self.qmp.command("netdev_del", id=plugged.netdev)

    def set_link(self, plugged, up):
        self.qmp.command("set_link", name=plugged.id, up=up)

    # --- power ---

    def power_button(self):
        self.vm.power_button()

    def ctrl_alt_del(self):
        keys = [{"type": "qcode", "data": key} for key in ("ctrl", "alt", "delete")]
        self.qmp.command("send-key", keys=keys)

    def wait_off(self, reason="guest-shutdown", deadline_s=OFF_S):
        """Waits until the guest has switched itself off; REASON is QMP's ShutdownCause."""
        event = self.qmp.wait_event("SHUTDOWN", deadline_s)
        assert event["data"]["reason"] == reason, f"expected {reason}, got {event['data']}"

    # --- for the tests' frame ---

    def exhibits(self):
        tail = self.serial_log.read_bytes()[-3000:] if self.serial_log.exists() else b""
        return [(f"{self.name}: screen", self.screen()),
                (f"{self.name}: end of the serial port's bytes", repr(tail)),
                (f"{self.name}: QEMU's messages", self.log.read_text(errors="replace")[-3000:]),
                (f"{self.name}: QEMU's command", self.vm.shown_command())]

    def close(self):
        self.vm.stop()
        self.serial.close()
        wait_until(lambda: self.serial.closed, 5, "the serial port is closed")


def slaac_address(prefix, mac):
    """The address that MAC gives itself in PREFIX, a /64 (RFC 4291 appendix A)."""
    octets = [int(octet, 16) for octet in mac.split(":")]
    octets[0] ^= 2
    interface = bytes(octets[:3] + [0xFF, 0xFE] + octets[3:])
    network = ipaddress.ip_network(prefix)
    return str(network[int.from_bytes(interface, "big")])
