"""Whoever runs the guest learns its addresses through the guest agent's port, and ends it through it: QEMU's socket, a port that is
plugged in later, and libvirt."""

import json
import pathlib
import re
import shutil
import socket
import tempfile

import pytest

from deploy import Deployed
from guest import BOOT_S, OFF_S, TREE
from libvirt_session import Session
from qga import QgaClient, addresses
from relayed import wait_relayed
from test_deploy import as_user, without_disk
from waiting import wait_until

NAME = "org.qemu.guest_agent.0"
CONNECT_S = 20
ON_SCREEN = r"(?<![0-9a-f:.])([0-9a-f:.]+/\d+) +(?:dhcp|slaac|static|link-local)(?!.*tentative)"


class Port:
    """The socket of a port. Its path is short, as sockets' are."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="agent", dir="/run"))
        self.path = self.folder / "socket"
        self.streams = []

    def argv(self, bus="virtio-serial-pci,max_ports=2"):
        return ["-chardev", f"socket,id=agent,path={self.path},server=on,wait=off", "-device", f"{bus},id=ports",
                "-device", f"virtserialport,chardev=agent,name={NAME}"]

    def connect(self):
        stream = socket.socket(socket.AF_UNIX)
        self.streams.append(stream)
        stream.settimeout(CONNECT_S)
        stream.connect(str(self.path))
        return QgaClient(stream)

    def close(self):
        for stream in self.streams:
            stream.close()
        shutil.rmtree(self.folder)


def on_screen(guest):
    """What the Network part of the screen shows as usable."""
    return set(re.findall(ON_SCREEN, guest.screen()))


def told(client):
    return {address for nic in addresses(client.ask("guest-network-get-interfaces")).values() for address in nic}


def wait_same(guest, client):
    """The screen redraws once a second."""
    wait_until(lambda: told(client) and told(client) == on_screen(guest), BOOT_S, "the screen's addresses",
               lambda: f"agent: {told(client)}\nscreen: {on_screen(guest)}")


@pytest.mark.parametrize("machine, bus", [
    ("pc", "virtio-serial-pci,max_ports=2"), ("q35", "virtio-serial-pci"), ("microvm", "virtio-serial-device")])
def test_addresses_are_those_of_the_screen(keep, dual_stack, boot, machine, bus):
    port = keep(Port())
    guest = boot(dual_stack, machine=machine, extra=port.argv(bus))
    address = guest.wait_address(r"192\.0\.2\.\d+")
    guest.wait_address(r"2001:db8:1:[0-9a-f:]+")
    client = port.connect().sync()
    wait_same(guest, client)
    interface, = client.ask("guest-network-get-interfaces")
    assert interface["name"] == "eth0" and interface["hardware-address"] == guest.nics[0].mac
    assert client.ask("guest-get-osinfo")["variant"] == "kms-relay"
    name = client.ask("guest-get-host-name")["host-name"]
    assert name in guest.screen()
    wait_relayed(dual_stack, address)


def test_shutdown_and_before_any_address(keep, lan, boot):
    """On a network without a server."""
    port = keep(Port())
    guest = boot(lan, extra=port.argv())
    client = port.connect().sync()
    assert client.ask("guest-ping") == {}
    assert not [address for address in told(client) if not address.startswith("fe80:")]
    client.send(b'{"execute":"guest-shutdown"}\n')
    guest.wait_off("guest-shutdown", OFF_S)


def test_reboot(keep, lan, boot):
    port = keep(Port())
    guest = boot(lan, extra=port.argv())
    port.connect().sync().send(b'{"execute":"guest-shutdown","arguments":{"mode":"reboot"}}\n')
    guest.wait_off("guest-reset", OFF_S)


def test_the_hosts_end_is_opened_again(keep, dual_stack, boot):
    """A client that ends in the middle of a request, or of an answer, is no trouble for the next one; a second port, of another
    name, gets nothing."""
    port = keep(Port())
    other = port.folder / "other"
    guest = boot(dual_stack, extra=[*port.argv(), "-chardev", f"socket,id=other,path={other},server=on,wait=off",
                                    "-device", "virtio-serial-pci,id=others", "-device", "virtserialport,bus=others.0,chardev=other,name=org.example.0"])
    guest.wait_address(r"192\.0\.2\.\d+")
    first = port.connect().sync()
    for _ in range(2):  # more than the sockets between hold
        first.send(b'{"execute":"guest-info"}\n' * 1000)
        for _ in range(1000):
            first.answer("guest-info")
    first.send(b'{"execute":"guest-info"}\n' * 2000 + b'{"execute":"guest-pi')
    first.answer("guest-info")
    first.stream.close()
    for _ in range(3):
        client = port.connect().sync()
        assert client.ask("guest-ping") == {}
        client.stream.close()
    wait_same(guest, port.connect().sync())


@pytest.mark.deadline(240)
@pytest.mark.parametrize("machine", ["pc", "q35"])
def test_a_port_that_is_plugged_in_later(keep, dual_stack, boot, machine):
    """And out, and in again."""
    guest = boot(dual_stack, machine=machine)
    guest.wait_address(r"192\.0\.2\.\d+")
    slot = {"pc": "pci.0", "q35": "slot1"}[machine]
    for number in range(2):
        port = keep(Port())
        guest.qmp.command("chardev-add", id=f"agent{number}", backend={"type": "socket", "data": {
            "addr": {"type": "unix", "data": {"path": str(port.path)}}, "server": True, "wait": False}})
        guest.qmp.command("device_add", driver="virtio-serial-pci", id=f"ports{number}", bus=slot)
        guest.qmp.command("device_add", driver="virtserialport", id=f"port{number}", bus=f"ports{number}.0", chardev=f"agent{number}",
                          name=NAME)
        wait_same(guest, port.connect().sync())
        since = len(guest.qmp.events)
        guest.qmp.command("device_del", id=f"ports{number}")
        guest.qmp.wait_event("DEVICE_DELETED", 60, since, device=f"ports{number}")
        guest.wait_not_on_screen(r"agent (running|waiting|stopp|starting)")
    guest.power_button()
    guest.wait_off("guest-shutdown", OFF_S)


@pytest.mark.deadline(300)
def test_libvirt_asks_the_agent(keep, tmp_path):
    """The domain of `make deploy`, with libvirt as the host; also after its daemon was started again."""
    deployed = Deployed(tmp_path)
    deployed.link_images()
    session = keep(Session(tmp_path))
    name = session.define(as_user(without_disk(deployed.text("libvirt/bios.xml"), deployed), deployed))
    session.virsh("start", name)

    def virsh(*words, has, deadline=BOOT_S):
        return wait_until(lambda: (run := session.run(*words)).returncode == 0 and re.search(has, run.stdout, re.MULTILINE) and run.stdout,
                          deadline, f"virsh {' '.join(words)} that says {has}", lambda: (run := session.run(*words)).stdout + run.stderr)

    table = virsh("domifaddr", name, "--source", "agent", has=r"^ eth0 .* ipv4 +10\.0\.2\.15/24$")
    mac = re.search(r"<mac address='([^']*)'", session.virsh("dumpxml", name))[1]
    assert re.search(rf"^ eth0 +{mac} +ipv4", table, re.MULTILINE), table
    host_name = virsh("domhostname", name, "--source", "agent", has=r"^\S+$").strip()
    info = virsh("guestinfo", name, has=r"os\.pretty-name")
    for line in (r"os\.id +: thimble", r"os\.variant-id +: kms-relay", rf"hostname +: {host_name}", r"if\.0\.name +: eth0",
                 r"if\.0\.addr\.0\.addr +: 10\.0\.2\.15"):
        assert re.search(f"^{line}$", info, re.MULTILINE), f"{line} is not in\n{info}"
    answer = json.loads(virsh("qemu-agent-command", name, '{"execute":"guest-info"}', has="return"))
    assert {"name": "guest-ping", "enabled": True, "success-response": True} in answer["return"]["supported_commands"]
    refused = session.run("qemu-agent-command", name, '{"execute":"guest-exec","arguments":{"path":"/bin/sh"}}')
    assert refused.returncode != 0 and "guest-exec" in refused.stderr, refused

    session.restart()
    virsh("domifaddr", name, "--source", "agent", has=r"^ eth0 .* ipv4 +10\.0\.2\.15/24$")

    # The port goes and comes, as the documentation has it.
    def channel_of(text):
        (tmp_path / "channel.xml").write_text(re.search(r"<channel .*?</channel>", text, re.DOTALL)[0])
        return tmp_path / "channel.xml"
    session.virsh("detach-device", name, channel_of(session.virsh("dumpxml", name)), "--live")
    wait_until(lambda: NAME not in session.virsh("dumpxml", name), BOOT_S, "that the port is gone")
    assert "not configured" in session.run("domifaddr", name, "--source", "agent").stderr
    session.virsh("attach-device", name, channel_of((TREE / "docs/hypervisor.md").read_text()), "--live")
    virsh("domifaddr", name, "--source", "agent", has=r"^ eth0 .* ipv4 +10\.0\.2\.15/24$")
    session.shutdown(name, "--mode", "agent", deadline_s=OFF_S)
    session.undefine(name)
