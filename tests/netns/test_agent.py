"""The agent and a stand-in of the kernel's device /dev/vmbus/hv_kvp, whose messages are those of linux/hyperv.h: what a
Hyper-V host writes comes into the record agent/settings, and init is asked to read it; what it asks comes out of the records."""

import os
import socket
import struct
import subprocess

import pytest

from agent import PROGRAM, Agent
from init import FakeInit
from records import read_record
from waiting import wait_until

GET, SET, DELETE, ENUMERATE, GET_IP_INFO, SET_IP_INFO, REGISTER1 = 0, 1, 2, 3, 4, 5, 100
EXTERNAL, AUTO = 0, 2
KEY_BYTES, VALUE_BYTES = 512, 2048
MESSAGE_BYTES = 4 + 256 + 2 + 2048 + 2048 + 1024 + 2048 + 2  # the largest body, hv_kvp_ipaddr_value, to whole 4 bytes
REG_SZ, OK, NO_MORE, FAILED, INVALID = 1, 0, 0x80070103, 0x80004005, 0x80070057


def write_records(folder):
    """What init and net tell of a guest with one NIC."""
    for path, lines in {
            "init/system": ["appliance=kms-relay"],
            "net/eth0": ["ifname=eth0", "mac=02:00:5e:00:00:01", "link=up", "dhcp4=bound", "address.1=192.0.2.5/24 dhcp 86400000",
                         "address.2=2001:db8::5/64 slaac forever", "address.3=2001:db8::6/64 slaac forever tentative",
                         "address.4=fe80::1/64 link-local forever", "gateway.1=192.0.2.1 dhcp 1002"],
            "net/resolver": ["server.1=192.0.2.53 dhcp4 eth0 86400000", "search.1=example.org dhcp4 eth0 86400000"]}.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text("".join(f"{line}\n" for line in lines))


def message(operation, pool, body=b""):
    return struct.pack("<BBH", operation, pool, 0).ljust(4) + body.ljust(MESSAGE_BYTES - 4, b"\0")


def pair(key, value):
    key, value = key.encode("latin1") + b"\0", value.encode("latin1") + b"\0"
    return struct.pack("<III", REG_SZ, len(key), len(value)) + key.ljust(KEY_BYTES, b"\0") + value.ljust(VALUE_BYTES, b"\0")


def text(field):
    """A string of a message, which ends within its field."""
    assert b"\0" in field, field
    return field.split(b"\0")[0].decode("ascii")


class Kernel(Agent):
    """The driver's end of the device."""

    def __init__(self, folder):
        super().__init__(folder, "hyper-v", socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET))
        self.end.settimeout(20)
        first = self.end.recv(MESSAGE_BYTES + 1)
        assert len(first) == MESSAGE_BYTES and first[0] == REGISTER1, f"expected a registration, got {len(first)} bytes"
        self.end.send(message(REGISTER1, 0, b"3.1"))

    def exchange(self, operation, pool, body=b""):
        """The answer's code, and its body."""
        self.end.send(message(operation, pool, body))
        answer = self.end.recv(MESSAGE_BYTES + 1)
        assert len(answer) == MESSAGE_BYTES, f"expected {MESSAGE_BYTES} bytes, got {len(answer)}"
        return struct.unpack_from("<I", answer)[0], answer[4:]

    def ask(self, operation, pool, body=b""):
        """The answer's code."""
        return self.exchange(operation, pool, body)[0]

    def enumerate(self):
        """What the host shows of the pool that the guest makes up."""
        pairs = {}
        while True:
            code, body = self.exchange(ENUMERATE, AUTO, struct.pack("<I", len(pairs)))
            if code == NO_MORE:
                return pairs
            assert code == OK, hex(code)
            key, value = body[16:16 + KEY_BYTES], body[16 + KEY_BYTES:16 + KEY_BYTES + VALUE_BYTES]
            pairs[text(key)] = text(value)

    def ip_info(self, mac):
        """Of the NIC with that MAC; None when the guest does not know it."""
        code, body = self.exchange(GET_IP_INFO, 0, mac.encode().ljust(256, b"\0"))
        if code != OK:
            return code
        fields, at = [], 258
        for size in (2048, 2048, 1024, 2048):
            fields.append(text(body[at:at + size]))
            at += size
        return {"family": body[256], "dhcp": body[257], **dict(zip(("addresses", "masks", "gateways", "dns"), fields))}

    def settings(self):
        return dict(read_record(self.folder, "agent", "settings") or {})

    def wait_settings(self, expected):
        wait_until(lambda: self.settings() == expected, 20, f"agent/settings = {expected}", lambda: f"{self.settings()}")


@pytest.fixture
def init(keep, tmp_path):
    return keep(FakeInit(tmp_path))


@pytest.fixture
def kernel(keep, init, tmp_path):
    return keep(Kernel(tmp_path))


def test_what_the_host_writes(kernel, init):
    assert kernel.ask(SET, EXTERNAL, pair("HostName", "hv1")) == OK
    assert kernel.ask(SET, EXTERNAL, pair("thimble.hostname", "relay1")) == OK
    assert kernel.ask(SET, EXTERNAL, pair("thimble.relay.upstream", "kms.example.org:1688")) == OK
    assert init.request() == "read-settings"
    kernel.wait_settings({"hostname": "relay1", "relay.upstream": "kms.example.org:1688"})
    deleted = struct.pack("<I", 17) + b"thimble.hostname\0"
    assert kernel.ask(DELETE, EXTERNAL, deleted) == OK
    assert init.request() == "read-settings"
    kernel.wait_settings({"relay.upstream": "kms.example.org:1688"})
    assert kernel.ask(DELETE, EXTERNAL, deleted) == NO_MORE


def test_what_the_host_asks_for(kernel, tmp_path):
    before = kernel.enumerate()
    assert list(before) == ["FullyQualifiedDomainName", "IntegrationServicesVersion", "NetworkAddressIPv4", "NetworkAddressIPv6",
                            "OSBuildNumber", "OSName", "OSMajorVersion", "OSMinorVersion", "OSVersion", "ProcessorArchitecture"]
    assert before["FullyQualifiedDomainName"] == os.uname().nodename and before["IntegrationServicesVersion"] == "3.1"
    assert before["NetworkAddressIPv4"] == "" and before["OSName"] == "Thimble"
    write_records(tmp_path)
    pairs = kernel.enumerate()
    assert pairs["FullyQualifiedDomainName"] == f"{os.uname().nodename}.example.org"
    assert pairs["NetworkAddressIPv4"] == "192.0.2.5" and pairs["NetworkAddressIPv6"] == "2001:db8::5;fe80::1"
    assert pairs["OSName"] == "Thimble kms-relay" and pairs["OSBuildNumber"] == os.uname().release
    assert kernel.ask(GET, EXTERNAL, pair("thimble.hostname", "")) == NO_MORE
    assert kernel.ask(ENUMERATE, EXTERNAL, struct.pack("<I", 0)) == NO_MORE
    wait_until(lambda: kernel.record().number("requests") == 24, 20, "24 requests", kernel.record)
    assert kernel.record().items() >= {"backend": "hyper-v", "state": "connected", "refused": "0", "last_request": "enumerate"}.items()


def test_addresses_by_nic(kernel, tmp_path):
    write_records(tmp_path)
    assert kernel.ip_info("02:00:5E:00:00:01") == {
        "family": 3, "dhcp": 1, "addresses": "192.0.2.5;2001:db8::5;fe80::1", "masks": "255.255.255.0;/64;/64",
        "gateways": "192.0.2.1;", "dns": "192.0.2.53;"}
    assert kernel.ip_info("02:00:5E:00:00:02") == FAILED
    assert kernel.ask(SET_IP_INFO, 0, b"02:00:5E:00:00:01") == FAILED
    wait_until(lambda: kernel.record().number("refused") == 2, 20, "two refusals", kernel.record)


def test_hostile_values_stay_in_their_line(kernel, init):
    assert kernel.ask(SET, EXTERNAL, pair("thimble.hostname", "a\nrelay.allow=0.0.0.0/0\x1b[2J\xff")) == OK
    assert init.request() == "read-settings"
    wait_until(lambda: "hostname" in kernel.settings(), 20, "the record")
    assert set(kernel.settings()) == {"hostname"}
    record = kernel.folder / "agent/settings"
    assert record.stat().st_mode & 0o777 == 0o600, "others may not read what may be a secret"
    data = record.read_bytes()
    assert data.count(b"\n") == 1 and b"\x1b" not in data, data


def test_hostile_names_do_not_tear_the_record(kernel, init):
    """What was set before, and beside them, still holds."""
    assert kernel.ask(SET, EXTERNAL, pair("thimble.hostname", "relay1")) == OK
    for key in ("thimble.relay.allow\n", "thimble.=x", "thimble.a\nrelay.allow=0.0.0.0/0\nb"):
        assert kernel.ask(SET, EXTERNAL, pair(key, "192.0.2.0/24")) == INVALID
    assert init.request() == "read-settings"
    kernel.wait_settings({"hostname": "relay1"})
    assert r'"thimble.relay.allow\x0a" of the host is not taken' in kernel.log.read_text()


def test_pairs_that_are_not_taken_are_told(kernel, init):
    """The host is told by the code, the guest's log has which, and what was taken before holds."""
    assert kernel.ask(SET, EXTERNAL, pair("thimble.mtu", "9000")) == OK
    for key, value in (("thimble.hostname", "x" * 1024), (f"thimble.{'k' * 64}", "x")):
        assert kernel.ask(SET, EXTERNAL, pair(key, value)) == INVALID
        assert f'"{key}" of the host is not taken: 48 pairs are, each a string of at most 1023 bytes' in kernel.log.read_text()
    assert init.request() == "read-settings"
    kernel.wait_settings({"mtu": "9000"})
    wait_until(lambda: kernel.record().number("refused") == 2, 20, "two refusals", kernel.record)


def test_short_messages_are_told_and_left(kernel, init):
    kernel.end.send(b"\x01\x00")
    assert kernel.ask(SET, EXTERNAL, pair("thimble.mtu", "9000")) == OK
    assert init.request() == "read-settings"
    assert "a message of 2 bytes in place of" in kernel.log.read_text()


def test_init_that_refuses_is_asked_again(keep, tmp_path):
    init = keep(FakeInit(tmp_path, "refused: stopping already"))
    kernel = keep(Kernel(tmp_path))
    assert kernel.ask(SET, EXTERNAL, pair("thimble.mtu", "9000")) == OK
    assert [init.request(), init.request()] == ["read-settings", "read-settings"]


def test_the_driver_goes(kernel):
    kernel.end.close()
    assert kernel.child.wait(20) == 0
    assert "the kernel's driver is gone" in kernel.log.read_text()


def test_usage():
    for words in ([], ["qemu"], ["hyper-v"], ["vmware", "0"], ["xen", "0"]):
        run = subprocess.run([PROGRAM, *words], capture_output=True, check=False)
        assert run.returncode == 100 and b"usage: agent" in run.stderr, (words, run)
