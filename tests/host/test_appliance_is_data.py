"""Adding an appliance touches only appliances/ and packages/; its guest has its service and helper, and no other's."""

import hashlib
import lzma
import subprocess

import cpio
import pytest

from tree import BUILD

INIT = b"/init\0"  # what a link to it has
# What only the relay says, and only its helper.
OF_RELAY, OF_RESOLVER = b"draining %zu connections", b"cannot write the record resolver/upstreams"
APPLIANCE = """\
# resolver: an appliance that only this test has.
SERVICE_PACKAGE := dnsmasq
SERVICE_FILE    := sbin/dnsmasq
SERVICE_PORTS   := 53/udp 80/tcp
SERVICE_ARGS    := --keep-in-foreground --port=53
"""


@pytest.fixture(scope="module")
def resolver(built_tree):
    """The files that it puts into its guest."""
    folder = built_tree.folder / "appliances/resolver"
    folder.mkdir()
    (folder / "appliance.mk").write_text(APPLIANCE)
    (folder / "settings.conf").write_text("hostname = resolver\n")
    built_tree.make("APPLIANCE=resolver", f"{BUILD}/images/resolver/archive", f"{BUILD}/images/slot/rootfs.cpio")
    return packed(built_tree, "resolver")


def packed(built_tree, name):
    """The files of the image's archive."""
    return cpio.read(lzma.decompress(built_tree.build(f"images/{name}/archive").read_bytes()))


@pytest.fixture(scope="module")
def slot(built_tree, resolver):
    """The files of the guest that the archive goes into."""
    return cpio.read(built_tree.build("images/slot/rootfs.cpio").read_bytes())


def test_its_service_and_no_other(built_tree, resolver, slot):
    executable = resolver["service/usr/bin/dnsmasq"]
    assert executable.content == built_tree.build("packages/dnsmasq/root/sbin/dnsmasq").read_bytes() and executable.mode == 0o100755
    assert {path.split("/")[0] for path in resolver} == {"etc", "service"}
    assert {path for path in resolver if path.startswith("etc/thimble/")} == {"etc/thimble/service", "etc/thimble/settings.conf"}
    assert slot["bin/net"].content == INIT and "bin/resolver" not in slot and "bin/service" not in slot
    for words in OF_RELAY, OF_RESOLVER:
        assert words not in slot["init"].content, f"{words} in an appliance without it"

    of_relay = cpio.read(built_tree.build("images/kms-relay/rootfs.cpio").read_bytes())
    assert of_relay["bin/service"].content == b"/usr/bin/relay\0"
    assert of_relay["usr/bin/relay"].content == of_relay["bin/resolver"].content == INIT
    assert OF_RELAY in of_relay["init"].content and OF_RESOLVER in of_relay["init"].content


def test_a_program_is_what_it_is_called(built_tree):
    """All programs of a guest are one executable."""
    def run(name, *words):
        done = subprocess.run([f"/bin/{name}", *words], executable=built_tree.build("images/kms-relay/thimble"),
                              capture_output=True, text=True, timeout=20, env={})
        return done.returncode, done.stderr
    assert run("relay", "x") == (100, "<4>takes no arguments\n")
    assert run("net", "x", "y") == (100, "<4>usage: net [DHCPCD-SOCKET]\n")
    assert run("other") == (127, "/bin/other: there is no program of this name in it\n")


def test_its_facts_and_settings(built_tree, resolver):
    facts = dict(line.split("=", 1) for line in resolver["etc/thimble/service"].content.decode().splitlines())
    expected = {"name": "resolver", "service": "dnsmasq", "ports": "53/udp 80/tcp", "file": "/usr/bin/dnsmasq"}
    assert {key: facts[key] for key in expected} == expected
    assert "helper=resolver" in built_tree.build("images/kms-relay/appliance").read_text().splitlines()
    settings = resolver["etc/thimble/settings.conf"].content.decode().splitlines()
    assert "service.args = --keep-in-foreground --port=53" in settings and "hostname = resolver" in settings
    assert "status-port = 8080" in settings, "expected the status page beside the service, which has port 80"
    assert not any(line.startswith("status-port") for line in built_tree.build("images/kms-relay/settings.conf").read_text().splitlines())


def test_the_manifest_lists_every_file(built_tree, slot):
    """Each with the size and hash that it has in the guest, and where it is from."""
    built_tree.make("APPLIANCE=dns", "out/dns-x86_64.manifest")
    lines = (built_tree.folder / "out/dns-x86_64.manifest").read_text().splitlines()[1:]
    listed = {line.split()[5].lstrip("/"): line.split() for line in lines}
    files = slot | packed(built_tree, "dns")
    assert set(listed) == set(files)
    for path, file in files.items():
        size, digest, mode = listed[path][:3]
        assert int(mode, 8) == file.mode & 0o7777, path
        if file.mode & 0o170000 == 0o100000:
            assert (int(size), digest) == (len(file.content), hashlib.sha256(file.content).hexdigest()), path
    assert listed["service/usr/bin/dnsmasq"][6] == "dnsmasq" and listed["init"][6] == "thimble"
