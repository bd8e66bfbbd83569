"""The agent and a stand-in of the kernel's device /dev/vmbus/hv_kvp, whose messages are those of linux/hyperv.h: what a
Hyper-V host writes comes into the record agent/settings, and init is asked to read it."""

import os
import pathlib
import socket
import struct
import subprocess

import pytest

from netns import stop
from records import read_record
from waiting import wait_until

PROGRAM = pathlib.Path(os.environ.get("THIMBLE_HOST_BIN", "build/x86_64/host")) / "agent"
GET, SET, DELETE, ENUMERATE, REGISTER1 = 0, 1, 2, 3, 100
EXTERNAL, AUTO = 0, 2
KEY_BYTES, VALUE_BYTES = 512, 2048
MESSAGE_BYTES = 4 + 256 + 2 + 2048 + 2048 + 1024 + 2048 + 2  # the largest body, hv_kvp_ipaddr_value, to whole 4 bytes
REG_SZ, OK, NO_MORE = 1, 0, 0x80070103


def message(operation, pool, body=b""):
    return struct.pack("<BBH", operation, pool, 0).ljust(4) + body.ljust(MESSAGE_BYTES - 4, b"\0")


def pair(key, value):
    key, value = key.encode("latin1") + b"\0", value.encode("latin1") + b"\0"
    return struct.pack("<III", REG_SZ, len(key), len(value)) + key.ljust(KEY_BYTES, b"\0") + value.ljust(VALUE_BYTES, b"\0")


class Init:
    """Takes requests as init does and keeps them; refuses the first REFUSALS."""

    def __init__(self, folder, refusals=0):
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(str(folder / "control"))
        self.listener.listen(4)
        self.listener.settimeout(20)
        self.refusals = refusals

    def request(self):
        client, _ = self.listener.accept()
        with client:
            asked = client.recv(128).decode()
            client.send(b"refused: stopping already" if self.refusals > 0 else b"ok")
        self.refusals -= 1
        return asked

    def close(self):
        self.listener.close()


class Kernel:
    """The driver's end of the device."""

    def __init__(self, folder):
        self.end, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.end.settimeout(20)
        self.folder = folder
        self.log = folder / "agent.log"
        with open(self.log, "wb") as log:
            self.child = subprocess.Popen([PROGRAM, str(theirs.fileno())], pass_fds=[theirs.fileno()], stderr=log,
                                          env={**os.environ, "THIMBLE_RUN": str(folder)})
        theirs.close()
        first = self.end.recv(MESSAGE_BYTES + 1)
        assert len(first) == MESSAGE_BYTES and first[0] == REGISTER1, f"expected a registration, got {len(first)} bytes"
        self.end.send(message(REGISTER1, 0, b"3.1"))

    def ask(self, operation, pool, body=b""):
        """The answer's code."""
        self.end.send(message(operation, pool, body))
        answer = self.end.recv(MESSAGE_BYTES + 1)
        assert len(answer) == MESSAGE_BYTES, f"expected {MESSAGE_BYTES} bytes, got {len(answer)}"
        return struct.unpack_from("<I", answer)[0]

    def settings(self):
        return dict(read_record(self.folder, "agent", "settings") or {})

    def wait_settings(self, expected):
        wait_until(lambda: self.settings() == expected, 20, f"agent/settings = {expected}", lambda: f"{self.settings()}")

    def exhibits(self):
        yield "agent: log", self.log.read_text(errors="replace")

    def close(self):
        self.end.close()
        if self.child.poll() is None:
            stop(self.child, 20)


@pytest.fixture
def init(keep, tmp_path):
    return keep(Init(tmp_path))


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


def test_what_the_host_asks_for(kernel):
    """There is nothing yet to tell it: each enumeration ends at once, and the next one is answered too."""
    for index in range(3):
        assert kernel.ask(ENUMERATE, AUTO, struct.pack("<I", index)) == NO_MORE
    assert kernel.ask(GET, EXTERNAL, pair("thimble.hostname", "")) == NO_MORE


def test_hostile_values_stay_in_their_line(kernel, init):
    assert kernel.ask(SET, EXTERNAL, pair("thimble.hostname", "a\nrelay.allow=0.0.0.0/0\x1b[2J\xff")) == OK
    assert init.request() == "read-settings"
    wait_until(lambda: "hostname" in kernel.settings(), 20, "the record")
    assert set(kernel.settings()) == {"hostname"}
    data = (kernel.folder / "agent/settings").read_bytes()
    assert data.count(b"\n") == 1 and b"\x1b" not in data, data


def test_short_messages_are_told_and_left(kernel, init):
    kernel.end.send(b"\x01\x00")
    assert kernel.ask(SET, EXTERNAL, pair("thimble.mtu", "9000")) == OK
    assert init.request() == "read-settings"
    assert "a message of 2 bytes in place of" in kernel.log.read_text()


def test_init_that_refuses_is_asked_again(keep, tmp_path):
    init = keep(Init(tmp_path, refusals=1))
    kernel = keep(Kernel(tmp_path))
    assert kernel.ask(SET, EXTERNAL, pair("thimble.mtu", "9000")) == OK
    assert [init.request(), init.request()] == ["read-settings", "read-settings"]


def test_the_driver_goes(kernel):
    kernel.end.close()
    assert kernel.child.wait(20) == 0
    assert "the kernel's driver is gone" in kernel.log.read_text()
