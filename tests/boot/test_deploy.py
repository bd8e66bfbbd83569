"""What `make deploy` writes starts the appliance as it stands: QEMU's scripts and libvirt's domains; for Firecracker and Cloud
Hypervisor QEMU stands in with the same kernel, memory and command line."""

import json
import os
import re
import socket

import pytest

from deploy import Deployed, value
from guest import BOOT_S, OFF_S, machines
from libvirt_session import Session
from relayed import wait_relayed
from terminal import Terminal
from waiting import wait_until

UEFI_BOOT_S = 120
LEAST_MB = "32"  # what the pages say is enough without UEFI
ADDRESS = r"10\.0\.2\.15/24 +dhcp"


@pytest.fixture
def deployed(tmp_path):
    made = Deployed(tmp_path)
    made.link_images()
    return made


def free_port():
    """Another test's guest may have the service's own."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=5)


@pytest.mark.parametrize("machine", ["microvm", "q35"])
def test_qemu_script_serves_on_the_hosts_port(keep, deployed, tmp_path, machine):
    with socket.create_server(("127.0.0.1", 0)) as upstream:
        upstream.settimeout(BOOT_S)
        settings = ["thimble.relay.guard=off", f"thimble.relay.upstream=10.0.2.2:{upstream.getsockname()[1]}"]
        accelerator, _ = machines.choose_accelerator(os.environ.get("ACCEL"))
        port = free_port()
        terminal = keep(Terminal([deployed.path(f"qemu/{machine}"), *settings], tmp_path / "terminal.log",
                                 env={**os.environ, "ACCEL": accelerator, "MEMORY": LEAST_MB, "BASE": str(port - 1688)}))
        terminal.wait_screen(ADDRESS, BOOT_S)
        with wait_until(lambda: connect(port), BOOT_S, f"a connection to 127.0.0.1:{port}") as client:
            client.settimeout(BOOT_S)
            client.sendall(b"ping")
            server, _ = upstream.accept()
            with server:
                server.settimeout(BOOT_S)
                assert server.recv(10) == b"ping"
                server.sendall(b"pong")
                assert client.recv(10) == b"pong"
    if machine == "q35":
        terminal.screen.send(b"p")
        terminal.wait_screen(r"(?i)power off\?", BOOT_S)
        terminal.screen.send(b"y")
    else:
        terminal.screen.send(b"\x01x")
    status = terminal.wait_end(OFF_S)
    assert status == 0, f"expected status 0, got {status}"


def fenced(text, behind):
    """The first block of commands or lines in the page TEXT that follows the words BEHIND."""
    return re.search(r"```\n(.*?)```", text[text.index(behind):], re.DOTALL)[1]


def as_user(domain, deployed):
    """DOMAIN with the three changes that the page gives for a session on a host without KVM."""
    commands = fenced(deployed.text("libvirt/README.md"), "## As a user")
    for old, new in re.findall(r'-e "s\|([^|]*)\|([^|]*)\|"', commands):
        assert old in domain, f"the page changes {old}, which is not there"
        domain = domain.replace(old, new.replace("$(cd ../.. && pwd)", str(deployed.out)))
    deleted, = re.findall(r'-e "/([^/]*)/d"', commands)
    lines = [line for line in domain.splitlines(keepends=True) if not line.lstrip().startswith(deleted)]
    return "".join(lines).replace("type='kvm'", "type='qemu'")


def without_disk(domain, deployed):
    """DOMAIN with the kernel started directly, as the page says."""
    lines = fenced(deployed.text("libvirt/README.md"), "no disk at all")
    domain = re.sub(r"<disk .*?</disk>", "", domain, flags=re.DOTALL)
    assert "<boot dev='hd'/>" in domain
    return domain.replace("<boot dev='hd'/>", lines)


@pytest.mark.deadline(300)
@pytest.mark.parametrize("way", ["bios", "uefi", "kernel"])
def test_libvirt_session(keep, deployed, tmp_path, way):
    domain = deployed.text(f"libvirt/{'uefi' if way == 'uefi' else 'bios'}.xml")
    if way == "kernel":
        domain = without_disk(domain, deployed)
    if way != "uefi":
        domain = re.sub(r"(<memory [^>]*>)\d+", rf"\g<1>{LEAST_MB}", domain)
    session = keep(Session(tmp_path))
    name = session.define(as_user(domain, deployed))
    session.virsh("start", name)
    console = keep(session.console(name))
    console.wait_screen("Connected to domain", BOOT_S)
    console.screen.send(b"\r")
    console.wait_screen(ADDRESS, UEFI_BOOT_S)
    if way == "kernel":
        console.wait_screen(r"kms\.example\.org:1688", BOOT_S)
    session.shutdown(name, deadline_s=OFF_S)
    console.wait_end(OFF_S)
    session.undefine(name)
    assert session.virsh("list", "--all", "--name").split() == []


def test_firecrackers_command_line_in_microvm(deployed, dual_stack, boot):
    """Firecracker's devices are virtio over MMIO, named on the command line, as microvm's."""
    made = json.loads(deployed.text("firecracker/vm.json"))
    kernel = deployed.path("firecracker") / made["boot-source"]["kernel_image_path"]
    guest = boot(dual_stack, image=kernel, machine="microvm", memory_mb=made["machine-config"]["mem_size_mib"],
                 append=made["boot-source"]["boot_args"])
    wait_relayed(dual_stack, guest.wait_address(r"192\.0\.2\.\d+"))


@pytest.mark.parametrize("memory_mb", [None, 32])
def test_cloud_hypervisors_command_line_by_pvh(deployed, dual_stack, boot, memory_mb):
    """The ELF kernel is entered by its PVH note, and its devices are virtio over PCI."""
    command, = deployed.commands("cloud-hypervisor/run")
    size = int(re.fullmatch(r"size=(\d+)M", value(command, "--memory"))[1])
    guest = boot(dual_stack, image=value(command, "--kernel"), machine="q35", memory_mb=memory_mb or size,
                 append=value(command, "--cmdline"))
    wait_relayed(dual_stack, guest.wait_address(r"192\.0\.2\.\d+"))
    guest.power_button()
    guest.wait_off("guest-shutdown", OFF_S)
