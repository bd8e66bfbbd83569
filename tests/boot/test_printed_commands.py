"""Each command of this tree that README and docs print works as it stands there, in a terminal and without one."""

import os
import re
import shutil
import subprocess

import pytest

import oci
from guest import BOOT_S, TREE
from media import FORMATS, image_formats
from printed import commands
from terminal import Terminal
from tree import BUILD, KEPT_ENVIRONMENT, Tree

MAKE_S = 300
OVA, SITE = "out/kms-relay-x86_64.ova", "hostname = printed\n"
CONFIGURE = "tools/thimble-config out/kms-relay-x86_64.{} site.conf"
PRINTED = set(commands())
FOLDER = "ROOT=./folder COMMAND='/usr/bin/daemon --listen :8080' PORT=8080/tcp"
SHOW, REMOVE = "tools/thimble-service --show new.ova", "tools/thimble-service --remove new.ova --output bare.ova"
PROGRAM_IN = "tools/thimble-service out/slot-x86_64.efi --binary ./daemon --args '--listen :8080' --port 8080/tcp --output new.efi"
FOLDER_IN = ("tools/thimble-service out/slot-x86_64.iso --root ./folder --command '/usr/bin/daemon --listen :8080' "
             "--port 8080/tcp --output new.iso")
CONTAINER_IN = "tools/thimble-service out/slot-x86_64.ova --container ./image.tar --output new.ova"
SIGNED_IN = ("tools/thimble-service out/slot-x86_64.efi --container ./image.tar --sign-key site.key --sign-cert site.crt "
             "--output signed.efi")

# Command -> what is made, and what it prints.
MADE = {
    "make": (["out/kms-relay-x86_64.efi", "out/kms-relay-x86_64.manifest"], "IMAGE +out/kms-relay-x86_64.efi"),
    "make images": ([f"out/kms-relay-x86_64.{kind}" for kind in FORMATS], ""),
    "make images deploy": (["out/deploy/libvirt/bios.xml", "out/kms-relay-x86_64.qcow2"], ""),
    "make deploy": (["out/deploy/proxmox/create"], ""),
    **{f"make {kind}": ([f"out/kms-relay-x86_64.{kind}"], "") for kind in FORMATS if f"make {kind}" in PRINTED},
    "make APPLIANCE=dns": (["out/dns-x86_64.efi"], ""),
    "make APPLIANCE=slot images": ([f"out/slot-x86_64.{kind}" for kind in FORMATS], ""),
    "make BINARY=./daemon ARGS='--listen :8080' PORT=8080/tcp": (["out/daemon-x86_64.efi"], ""),
    f"make {FOLDER}": (["out/folder-x86_64.efi"], ""),
    "make CONTAINER=./image.tar": (["out/image-x86_64.efi"], ""),
    PROGRAM_IN: (["new.efi"], "needs [0-9]+ MB of memory"),
    FOLDER_IN: (["new.iso"], "needs [0-9]+ MB of memory"),
    CONTAINER_IN: (["new.ova"], "needs [0-9]+ MB of memory"),
    SIGNED_IN: (["signed.efi"], "needs [0-9]+ MB of memory"),
    SHOW: ([], "file: /usr/bin/daemon"),
    REMOVE: (["bare.ova"], "has no service in it"),
    "make oci": (["out/kms-relay-x86_64.oci.tar"], ""),
    "make CONFIG=site.conf": (["out/kms-relay-x86_64.efi"], ""),
    "make size": ([], r"kernel \(the rest of the file\)"),
    "make hardening": ([], r"hardening: \d+ of 259 \(kernel/hardening\.table\)"),
    "make help": ([], "make run "),
    "make help-config": ([], r"relay\.upstream"),
    "make docs": (["docs/configuration.md"], ""),
    "make fetch": ([], ""),
    "make SIGN_KEY=KEY.pem SIGN_CERT=CERT.pem images": (["out/kms-relay-x86_64.efi"], ""),
    "make SIGN_KEY=site.key SIGN_CERT=site.crt images": (["out/kms-relay-x86_64.efi"], ""),
    f"tools/thimble-config --show {OVA}": ([], ""),
    f"tools/thimble-config {OVA} /dev/null": ([], ""),
    **{command: ([], "") for command in map(CONFIGURE.format, FORMATS) if command in PRINTED},
    "tools/thimble-config --sign-key site.key --sign-cert site.crt out/kms-relay-x86_64.img site.conf": ([], ""),
    "tools/ovmf-keys site.crt /usr/share/OVMF/OVMF_VARS_4M.fd site-vars.fd": (["site-vars.fd"], ""),
}
# What must be there before; else nothing.
BEFORE = {
    f"tools/thimble-config --show {OVA}": ["make ova", f"tools/thimble-config {OVA} site.conf"],
    "tools/thimble-config --sign-key site.key --sign-cert site.crt out/kms-relay-x86_64.img site.conf":
        ["make SIGN_KEY=site.key SIGN_CERT=site.crt img"],
    PROGRAM_IN: ["make APPLIANCE=slot"],
    FOLDER_IN: ["make APPLIANCE=slot iso"],
    SIGNED_IN: ["make APPLIANCE=slot"],
    **{command: ["make APPLIANCE=slot ova", *[CONTAINER_IN] * (command != CONTAINER_IN)] for command in (CONTAINER_IN, SHOW, REMOVE)},
    **{f"tools/thimble-config out/kms-relay-x86_64.{kind} {file}": [f"make {kind}"]
       for kind in image_formats.FORMATS for file in ("site.conf", "/dev/null")},
}
# Command -> what the screen then says.
RUN = {
    "make run": r"NO UPSTREAM|Not ready|Ready|no upstream",
    "make run APPEND='thimble.relay.upstream=kms.example.org:1688'": r"kms\.example\.org:1688",
    "make APPLIANCE=dns run": r"Ready: dnsmasq",
    "make DEBUG=1 run": r"DEBUG",
    "make BINARY=./daemon ARGS='--listen :8080' PORT=8080/tcp run": r"Ready: daemon on 10\.0\.2\.15, port 8080/tcp",
    f"make {FOLDER} run": r"Ready: folder on 10\.0\.2\.15, port 8080/tcp",
    "make CONTAINER=./image.tar run": r"Ready: image on 10\.0\.2\.15, port 8080/tcp",
    "make CONTAINER=./image.tar DEBUG=1 run": r"DEBUG",
}
# Only whether make knows them: they last too long (another kernel is compiled, minutes are measured), have no end, need the
# network or a person.
KNOWN = ["make check-unit", "make check-metal", "make check-smp", "make check-harden", "make HARDEN=1", "make check-services",
         "make check-slow", "make bench-boot", "make bench-memory", "make bench-relay", "make bench-web",
         "make fuzz TARGET=views", "make lock", "make linux-nconfig", "make linux-savedefconfig",
         "make PLATFORM=metal", "make SMP=1", "make COMPRESS=zstd", "make check-nth", "make check-inside",
         "make survey", "make fuzz-hours MINUTES=20 TARGETS='dhcp4 dhcp6'", "make fuzz-hours", "make coverage",
         "make coverage-unit", "make coverage-page", "make soak HOURS=2", "make soak"]
# What this test itself is run by.
OTHER = ["make check", "tools/in-namespaces python3 -m pytest tests/boot/test_nak.py"]


def test_each_one_is_here():
    known = {*MADE, *RUN, *KNOWN, *OTHER}
    assert PRINTED - known == set(), "commands that are printed and that nobody tries"
    assert known - PRINTED == set(), "commands that nobody prints any more"


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the tree, with what the commands take: a daemon, alone, in a folder and in a container image; settings; a key."""
    made = Tree(tmp_path_factory.mktemp("printed") / "thimble", built=True)
    made.link_kernel()
    (made.folder / "daemon").write_bytes((TREE / BUILD / "check/inside").read_bytes())
    (made.folder / "daemon").chmod(0o755)
    (made.folder / "folder/usr/bin").mkdir(parents=True)
    shutil.copy(made.folder / "daemon", made.folder / "folder/usr/bin")
    layout = oci.Layout()
    layout.image(oci.layer(oci.entry("usr/bin/daemon", (made.folder / "daemon").read_bytes(), mode=0o755)), config={
        "Entrypoint": ["/usr/bin/daemon"], "Cmd": ["--listen", ":8080"], "ExposedPorts": {"8080/tcp": {}}})
    layout.archive(made.folder / "image.tar")
    (made.folder / "site.conf").write_text(SITE)
    # As docs/secure-boot.md has it.
    shell(made, "openssl req -new -x509 -newkey rsa:2048 -nodes -days 3650 -subj '/CN=our appliances/' -keyout site.key -out site.crt")
    shell(made, "openssl x509 -in site.crt -outform DER -out site.cer")
    for name, copy in ("site.key", "KEY.pem"), ("site.crt", "CERT.pem"):
        (made.folder / copy).write_bytes((made.folder / name).read_bytes())
    return made


def environment():
    return {key: value for key, value in os.environ.items() if key in KEPT_ENVIRONMENT}


def shell(tree, command):
    done = subprocess.run(command, shell=True, cwd=tree.folder, env=environment(), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=MAKE_S, check=False)
    assert done.returncode == 0, f"{command}: status {done.returncode}\n{done.stdout}"
    return done.stdout


@pytest.mark.deadline(2 * MAKE_S)
@pytest.mark.parametrize("command", MADE)
def test_makes(tree, command):
    files, said = MADE[command]
    for before in BEFORE.get(command, []):
        shell(tree, before)
    output = shell(tree, command)
    for name in files:
        assert (tree.folder / name).stat().st_size > 0, f"{command}: expected {name}"
    assert re.search(said, output), f"{command}: expected {said}, got:\n{output}"


@pytest.mark.deadline(2 * MAKE_S)
@pytest.mark.parametrize("command", RUN)
def test_runs_in_a_pipe(tree, command):
    output = shell(tree, command)
    assert re.search(RUN[command], output) and "10.0.2.15/24" in output, f"{command}: expected {RUN[command]}, got:\n{output}"


@pytest.mark.deadline(2 * MAKE_S)
@pytest.mark.parametrize("command", RUN)
def test_runs_in_a_terminal(keep, tmp_path, tree, command):
    in_tree = ["sh", "-c", f"cd '{tree.folder}' && {command}"]
    terminal = keep(Terminal(in_tree, tmp_path / "terminal.log", 110, 36, env={**environment(), "TERM": "xterm"}))
    terminal.wait_screen(r"10\.0\.2\.15/24 +dhcp", MAKE_S + BOOT_S)
    terminal.wait_screen(RUN[command], BOOT_S)
    terminal.screen.send(b"\x01x")
    assert terminal.wait_end(30) == 0, terminal.screen.text()


@pytest.mark.parametrize("command", KNOWN)
def test_make_knows(tree, command):
    shell(tree, command.replace("make ", "make -n ", 1))
