"""Whoever runs the guest learns its addresses through the guest agent's port, and ends it through it: QEMU's socket, a port that is
plugged in later, and libvirt."""

import json
import re

import pytest

from deploy import Deployed
from guest import BOOT_S, OFF_S, TREE
from libvirt_session import Session
from qga import NAME, Port, addresses
from relayed import wait_relayed
from test_deploy import as_user, without_disk
from waiting import wait_until

ON_SCREEN = r"(?<![0-9a-f:.])([0-9a-f:.]+/\d+) +(?:dhcp|slaac|static|link-local)(?!.*tentative)"


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


class Domain:
    """The domain of `make deploy`, with libvirt as the host."""

    def __init__(self, keep, folder):
        deployed = Deployed(folder)
        deployed.link_images()
        self.session = keep(Session(folder))
        self.name = self.session.define(as_user(without_disk(deployed.text("libvirt/bios.xml"), deployed), deployed))
        self.session.virsh("start", self.name)

    def virsh(self, command, *words, has, deadline=BOOT_S):
        """`virsh COMMAND NAME WORDS` until it succeeds and says HAS; what it said."""
        def run():
            return self.session.run(command, self.name, *words)
        return wait_until(lambda: (done := run()).returncode == 0 and re.search(has, done.stdout, re.MULTILINE) and done.stdout,
                          deadline, f"virsh {command} {' '.join(words)} that says {has}", lambda: (done := run()).stdout + done.stderr)

    def refused(self, command, *words):
        """What `virsh` says of what the agent does not do."""
        run = self.session.run(command, self.name, *words)
        assert run.returncode != 0, f"virsh {command}: {run.stdout}"
        return run.stderr


@pytest.fixture
def domain(keep, tmp_path):
    domain = Domain(keep, tmp_path)
    domain.virsh("domifaddr", "--source", "agent", has=r"^ eth0 .* ipv4 +10\.0\.2\.15/24$")
    return domain


@pytest.mark.deadline(300)
def test_libvirts_guestinfo_with_words(domain):
    """Each kind that is asked for by name must be there, or all of the answer is refused; KubeVirt asks so."""
    info = domain.virsh("guestinfo", "--interface", "--os", "--hostname", "--timezone", "--user", has=r"if\.0\.addr\.0\.addr +: 10\.0\.2\.15")
    host_name = domain.virsh("domhostname", "--source", "agent", has=r"^\S+$").strip()
    for line in (r"os\.id +: thimble", rf"hostname +: {host_name}", r"timezone\.name +: UTC", r"timezone\.offset +: 0", r"user\.count +: 0"):
        assert re.search(f"^{line}$", info, re.MULTILINE), f"{line} is not in\n{info}"
    for nothing in ("--filesystem", "--disk"):
        assert not domain.session.virsh("guestinfo", domain.name, nothing).strip()


@pytest.mark.deadline(300)
def test_libvirts_snapshots_and_filesystems(domain):
    assert domain.session.virsh("domfsinfo", domain.name).split("\n")[2:] in (["", ""], [""], [])
    assert "Froze 0 filesystem(s)" in domain.session.virsh("domfsfreeze", domain.name)
    assert "Froze 0 filesystem(s)" in domain.session.virsh("domfsfreeze", domain.name, "--mountpoint", "/")
    assert "Thawed 0 filesystem(s)" in domain.session.virsh("domfsthaw", domain.name)
    domain.session.virsh("domfstrim", domain.name)


@pytest.mark.deadline(300)
def test_libvirts_processors_and_clock(domain):
    assert re.search(r"^vcpus +: 0$.*^online +: 0$", domain.session.virsh("guestvcpus", domain.name), re.MULTILINE | re.DOTALL)
    assert re.search(r"^Time: \d+", domain.session.virsh("domtime", domain.name), re.MULTILINE)


@pytest.mark.deadline(300)
def test_what_libvirt_may_not(domain):
    """Each is refused by its name, and the agent goes on."""
    assert "guest-set-time" in domain.refused("domtime", "--now")
    assert "not offlinable" in domain.refused("guestvcpus", "--disable", "--cpulist", "0")
    assert "guest-set-user-password" in domain.refused("set-user-password", "root", "secret")
    assert "guest-ssh-get-authorized-keys" in domain.refused("get-user-sshkeys", "root")
    domain.refused("dompmsuspend", "mem")
    domain.virsh("qemu-agent-command", '{"execute":"guest-ping"}', has="return")


@pytest.mark.deadline(300)
def test_libvirt_asks_the_agent(domain, tmp_path):
    """Also after its daemon was started again."""
    session, name, virsh = domain.session, domain.name, domain.virsh
    table = virsh("domifaddr", "--source", "agent", has=r"^ eth0 .* ipv4 +10\.0\.2\.15/24$")
    mac = re.search(r"<mac address='([^']*)'", session.virsh("dumpxml", name))[1]
    assert re.search(rf"^ eth0 +{mac} +ipv4", table, re.MULTILINE), table
    host_name = virsh("domhostname", "--source", "agent", has=r"^\S+$").strip()
    info = virsh("guestinfo", has=r"os\.pretty-name")
    for line in (r"os\.id +: thimble", r"os\.variant-id +: kms-relay", rf"hostname +: {host_name}", r"if\.0\.name +: eth0",
                 r"if\.0\.addr\.0\.addr +: 10\.0\.2\.15"):
        assert re.search(f"^{line}$", info, re.MULTILINE), f"{line} is not in\n{info}"
    answer = json.loads(virsh("qemu-agent-command", '{"execute":"guest-info"}', has="return"))
    assert {"name": "guest-ping", "enabled": True, "success-response": True} in answer["return"]["supported_commands"]
    refused = session.run("qemu-agent-command", name, '{"execute":"guest-exec","arguments":{"path":"/bin/sh"}}')
    assert refused.returncode != 0 and "guest-exec" in refused.stderr, refused

    session.restart()
    virsh("domifaddr", "--source", "agent", has=r"^ eth0 .* ipv4 +10\.0\.2\.15/24$")

    # The port goes and comes, as the documentation has it.
    def channel_of(text):
        (tmp_path / "channel.xml").write_text(re.search(r"<channel .*?</channel>", text, re.DOTALL)[0])
        return tmp_path / "channel.xml"
    session.virsh("detach-device", name, channel_of(session.virsh("dumpxml", name)), "--live")
    wait_until(lambda: NAME not in session.virsh("dumpxml", name), BOOT_S, "that the port is gone")
    assert "not configured" in session.run("domifaddr", name, "--source", "agent").stderr
    session.virsh("attach-device", name, channel_of((TREE / "docs/hypervisor.md").read_text()), "--live")
    virsh("domifaddr", "--source", "agent", has=r"^ eth0 .* ipv4 +10\.0\.2\.15/24$")
    session.shutdown(name, "--mode", "agent", deadline_s=OFF_S)
    session.undefine(name)
