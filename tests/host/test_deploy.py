"""`make deploy` fills every definition with what the appliance is, and each is well-formed for its hypervisor."""

import json
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest
import yaml

from deploy import Deployed, value
from tree import BUILD, HERE

KINDS = {
    "kms-relay": ([], "kms-relay", ["1688/tcp"]),
    "dns": (["APPLIANCE=dns"], "dns", ["53/udp", "53/tcp"]),
    "binary": (["BINARY=My_daemon.v2", "PORT=8080/tcp 9000/udp"], "My_daemon", ["8080/tcp", "9000/udp"]),
    "no port": (["BINARY=9p"], "9p", []),
}
LABELS = {"kms-relay": "kms-relay", "dns": "dns", "My_daemon": "my-daemon", "9p": "thimble-9p"}
HYPERVISORS = sorted(path.name for path in (HERE / "deploy").iterdir() if path.is_dir() and path.name != "grafana")


@pytest.fixture(scope="module", params=KINDS)
def deployed(request, tmp_path_factory):
    words, name, ports = KINDS[request.param]
    folder = tmp_path_factory.mktemp("deploy")
    key, _, binary = words[0].partition("=") if words else ("", "", "")
    if key == "BINARY":
        shutil.copy(HERE / BUILD / "bin/relay", folder / binary)
        words = [f"BINARY={folder / binary}", *words[1:]]
    return Deployed(folder, *words, name=name, ports=ports)


@pytest.fixture(scope="module")
def relay(tmp_path_factory):
    return Deployed(tmp_path_factory.mktemp("deploy"))


def test_every_template_is_filled(deployed):
    expected = {str(path.relative_to(HERE / "deploy")).removesuffix(".in") for path in (HERE / "deploy").glob("*/*")}
    files = {str(path.relative_to(deployed.path(""))): path for path in deployed.path("").rglob("*") if path.is_file()}
    assert set(files) == expected
    left = {name: re.findall(r"@[A-Z_]+@", path.read_text()) for name, path in files.items()}
    assert {name: found for name, found in left.items() if found} == {}
    for script in deployed.scripts():
        assert os.access(script, os.X_OK), script


def test_scripts_are_sound(deployed):
    scripts = deployed.scripts()
    assert len(scripts) >= 7
    for script in scripts:
        # SC2034: without a port nothing is forwarded, and the address of the host is not used.
        run = subprocess.run(["shellcheck", *([] if deployed.ports else ["-e", "SC2034"]), script], capture_output=True, text=True,
                             check=False)
        assert run.returncode == 0, run.stdout
        subprocess.run(["sh", "-n", script], check=True)


@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_libvirt_takes_the_domain(deployed, firmware):
    path = deployed.path(f"libvirt/{firmware}.xml")
    run = subprocess.run(["virt-xml-validate", path, "domain"], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    domain = ElementTree.parse(path).getroot()
    assert domain.findtext("name") == deployed.name and domain.findtext("memory") == "128"
    assert domain.find("devices/disk/source").get("file").endswith(f"/{deployed.file}.qcow2")
    assert domain.find("os").get("firmware") == (None if firmware == "bios" else "efi")
    kinds = sorted({device.tag for device in domain.find("devices")})
    channel = domain.find("devices/channel/target")
    assert channel.attrib == {"type": "virtio", "name": "org.qemu.guest_agent.0"}
    assert kinds == ["channel", "console", "controller", "disk", "interface", "memballoon", "rng", "serial"]


def test_firecracker_is_json(deployed):
    made = json.loads(deployed.text("firecracker/vm.json"))
    kernel = deployed.path("firecracker") / made["boot-source"]["kernel_image_path"]
    assert kernel.resolve() == deployed.image("vmlinux")
    assert made["machine-config"] == {"vcpu_count": 1, "mem_size_mib": 128}
    mac = made["network-interfaces"][0]["guest_mac"]
    assert re.fullmatch(r"02(:[0-9a-f]{2}){5}", mac), mac


def test_kubernetes_objects(deployed):
    machine, service = yaml.safe_load_all(deployed.text("kubevirt/vm.yaml"))
    label = LABELS[deployed.name]
    assert (machine["apiVersion"], machine["kind"], machine["metadata"]["name"]) == ("kubevirt.io/v1", "VirtualMachine", label)
    assert machine["spec"]["runStrategy"] == "Always"
    spec = machine["spec"]["template"]["spec"]
    assert spec["domain"]["memory"]["guest"] == "128Mi"
    assert [disk["name"] for disk in spec["domain"]["devices"]["disks"]] == [volume["name"] for volume in spec["volumes"]]
    assert ([nic["name"] for nic in spec["domain"]["devices"]["interfaces"]]
            == [network["name"] for network in spec["networks"]])
    image = spec["volumes"][0]["containerDisk"]["image"]
    assert re.fullmatch(rf"registry\.example\.org/{label}:\d+\.\d+\.\d+", image), image

    assert (service["apiVersion"], service["kind"], service["metadata"]["name"]) == ("v1", "Service", label)
    assert service["spec"]["selector"] == machine["spec"]["template"]["metadata"]["labels"]
    ports = service["spec"].get("ports", [])
    assert [f"{port['port']}/{port['protocol'].lower()}" for port in ports] == deployed.ports
    names = [port["name"] for port in ports]
    assert len(set(names)) == len(names) and all(re.fullmatch(r"[a-z][a-z0-9-]{0,14}", name) for name in names), names
    if not deployed.ports:
        assert service["spec"]["clusterIP"] == "None", "only a Service without an address may have no ports"


def test_container_disk_names_the_images(deployed):
    added = re.findall(r"^ADD --chown=107:107 (\S+) (\S+)$", deployed.text("kubevirt/Containerfile"), re.MULTILINE)
    assert added == [(f"{deployed.file}.qcow2", "/disk/"), (f"{deployed.file}.efi", "/boot/appliance.efi")]


@pytest.mark.parametrize("script, image", [("microvm", "vmlinux"), ("q35", "efi")])
def test_qemu_is_told_the_ports(deployed, script, image):
    command, = deployed.commands(f"qemu/{script}", "thimble.search=example.org", "thimble.console=off")
    assert os.path.realpath(value(command, "-kernel")) == str(deployed.image(image))
    assert value(command, "-append") == "thimble.search=example.org thimble.console=off"
    forwards = re.findall(r"hostfwd=(\w+):127\.0\.0\.1:(\d+)-:(\d+)", value(command, "-netdev"))
    base = 10000 if "53/tcp" in deployed.ports else 0
    status = 8081 if "8080/tcp" in deployed.ports else 8080
    assert len({forward[:2] for forward in forwards}) == len(forwards), f"a port of the host leads to two: {forwards}"
    assert forwards == [(protocol, str(base + int(port)), port)
                        for port, protocol in (port.split("/") for port in deployed.ports)] + [("tcp", str(base + status), "80")]


def test_qemu_on_a_bridge(relay):
    command, = relay.commands("qemu/q35", NET="bridge,br=br0", MEMORY="32", BASE="5")
    assert value(command, "-netdev") == "bridge,br=br0,id=net0" and value(command, "-m") == "32M"


@pytest.mark.parametrize("firmware, more", [
    ("seabios", []), ("ovmf", ["--efidisk0", "fast:1,efitype=4m,pre-enrolled-keys=0"])])
def test_proxmox(deployed, firmware, more):
    deployed.image("qcow2").touch()
    create, start = deployed.commands("proxmox/create", "120", FIRMWARE=firmware, STORAGE="fast", VLAN="30")
    assert create[:3] == ["qm", "create", "120"] and value(create, "--bios") == firmware
    assert [word for word in create if word in more] == more
    assert value(create, "--name") == LABELS[deployed.name]
    assert value(create, "--virtio0") == f"fast:0,import-from={deployed.image('qcow2')}"
    assert value(create, "--net0") == "virtio,bridge=vmbr0,tag=30" and value(create, "--memory") == "128"
    assert value(create, "--agent") == "enabled=1"
    assert start == ["qm", "start", "120"]


def test_proxmox_replaces_the_disk(relay):
    relay.image("qcow2").touch()
    commands = relay.commands("proxmox/create", "--replace", "120")
    assert [command[1] for command in commands] == ["shutdown", "disk", "set", "set", "start"]
    assert all("120" in command for command in commands)


def test_virtualbox(relay):
    machine = {"VBoxManage": 'name="kms-relay"\nCfgFile="/home/me/VirtualBox VMs/kms-relay/kms-relay.vbox"\n'}
    disk = "/home/me/VirtualBox VMs/kms-relay/kms-relay.vdi"
    commands = relay.commands("virtualbox/create", says=machine, BRIDGE="eth0", FIRMWARE="efi", NIC="82540EM")
    verbs = [command[1] for command in commands]
    assert verbs == ["createvm", "modifyvm", "storagectl", "showvminfo", "clonemedium", "storageattach", "startvm"]
    modify, clone, attach = commands[1], commands[4], commands[5]
    assert (value(modify, "--firmware"), value(modify, "--nictype1"), value(modify, "--bridgeadapter1")) == ("efi", "82540EM", "eth0")
    assert clone[2] == "disk" and os.path.realpath(clone[3]) == str(relay.image("vdi")) and clone[4] == disk
    assert value(attach, "--medium") == disk

    commands = relay.commands("virtualbox/create", "--replace", says=machine)
    assert [command[1] for command in commands] == ["controlvm", "storageattach", "showvminfo", "closemedium", "clonemedium",
                                                    "storageattach", "startvm"]
    assert commands[3] == ["VBoxManage", "closemedium", "disk", disk, "--delete"]


def test_vmware(deployed):
    ovftool, = deployed.commands("esxi/import-ovftool", "vi://root@esxi.example.org/", NETWORK="Isolated", DATASTORE="fast")
    assert "--net:VM Network=Isolated" in ovftool and "--datastore=fast" in ovftool
    assert os.path.realpath(ovftool[-2]) == str(deployed.image("ova")) and ovftool[-1] == "vi://root@esxi.example.org/"
    govc, = deployed.commands("esxi/import-govc")
    assert govc[1] == "import.ova" and os.path.realpath(govc[-1]) == str(deployed.image("ova"))
    options = json.loads(deployed.text("esxi/options.json"))
    assert options["Name"] == deployed.name
    network, = options["NetworkMapping"]
    assert f'ovf:name="{network["Name"]}"' in (HERE / "formats/ova/appliance.ovf.in").read_text()


def test_cloud_hypervisor(deployed):
    command, = deployed.commands("cloud-hypervisor/run", "thimble.search=example.org")
    assert os.path.realpath(value(command, "--kernel")) == str(deployed.image("vmlinux"))
    assert value(command, "--cmdline") == "panic=1 thimble.search=example.org"
    assert value(command, "--memory") == "size=128M"


def test_hyperv_names_the_image(deployed):
    """What PowerShell makes of the script is not seen without PowerShell."""
    text = deployed.text("hyperv/New-Appliance.ps1")
    assert f"'{deployed.name}'" in text and f'"{deployed.file}.$extension"' in text and "$MemoryMB = 128," in text
    if shutil.which("pwsh"):
        parse = ("$e = $null; [Management.Automation.Language.Parser]::ParseFile($args[0], [ref]$null, [ref]$e) | Out-Null;"
                 "if ($e) { $e; exit 1 }")
        subprocess.run(["pwsh", "-NoProfile", "-Command", f"& {{ {parse} }} '{deployed.path('hyperv/New-Appliance.ps1')}'"], check=True)


def test_other_memory_is_filled_in(tmp_path):
    made = Deployed(tmp_path, "MEMORY_MB=96")
    assert json.loads(made.text("firecracker/vm.json"))["machine-config"]["mem_size_mib"] == 96
    assert "guest: 96Mi" in made.text("kubevirt/vm.yaml")


def test_two_names_have_two_addresses(deployed, relay):
    macs = {re.search(r'"guest_mac": "(.*)"', made.text("firecracker/vm.json"))[1] for made in (deployed, relay)}
    assert len(macs) == (1 if deployed.name == relay.name else 2)


@pytest.mark.parametrize("hypervisor", HYPERVISORS)
def test_each_says_how_to_use_it(hypervisor):
    text = (HERE / "deploy" / hypervisor / "README.md").read_text()
    for part in ("**Settings**", "**Update**", "Not run"):
        assert part in text, f"expected {part} in {hypervisor}/README.md"
    assert f"(../deploy/{hypervisor}/README.md)" in (HERE / "docs/deploy.md").read_text()
