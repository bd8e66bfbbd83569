"""A client of the QEMU guest agent protocol, as strict as the published schema (qga/qapi-schema.json of QEMU)."""

import json
import pathlib
import random
import re
import shutil
import socket
import tempfile
import time

# Members of what each command returns, (type, must it be there), as far as this agent has them.
SCHEMA = {
    "guest-sync": int,
    "guest-sync-delimited": int,
    "guest-ping": {},
    "guest-get-time": int,
    "guest-info": {"version": (str, True), "supported_commands": ([{
        "name": (str, True), "enabled": (bool, True), "success-response": (bool, True)}], True)},
    "guest-network-get-interfaces": [{
        "name": (str, True), "hardware-address": (str, False), "statistics": (dict, False),
        "ip-addresses": ([{"ip-address": (str, True), "ip-address-type": (str, True), "prefix": (int, True)}], False)}],
    "guest-get-host-name": {"host-name": (str, True)},
    "guest-get-osinfo": {key: (str, False) for key in (
        "kernel-release", "kernel-version", "machine", "id", "name", "pretty-name", "version", "version-id", "variant", "variant-id")},
    "guest-get-timezone": {"zone": (str, False), "offset": (int, True)},
    "guest-get-users": [{"user": (str, True), "domain": (str, False), "login-time": (float, True)}],
    "guest-get-vcpus": [{"logical-id": (int, True), "online": (bool, True), "can-offline": (bool, False)}],
    "guest-get-load": {key: (float, True) for key in ("load1m", "load5m", "load15m")},
    "guest-get-memory-blocks": [{"phys-index": (int, True), "online": (bool, True), "can-offline": (bool, False)}],
    "guest-get-fsinfo": [{"name": (str, True), "mountpoint": (str, True), "type": (str, True), "used-bytes": (int, False),
                          "total-bytes": (int, False), "disk": (list, True)}],
    "guest-get-disks": [{"name": (str, True), "partition": (bool, True)}],
    "guest-get-diskstats": [{"name": (str, True), "major": (int, True), "minor": (int, True), "stats": (dict, True)}],
    "guest-fsfreeze-status": str,
    "guest-fsfreeze-freeze": int,
    "guest-fsfreeze-freeze-list": int,
    "guest-fsfreeze-thaw": int,
    "guest-fstrim": {"paths": ([{"path": (str, True), "error": (str, False), "trimmed": (int, False), "minimum": (int, False)}], True)},
}
CLASSES = {"GenericError", "CommandNotFound", "DeviceNotActive", "DeviceNotFound", "KVMMissingCap"}
NAME = "org.qemu.guest_agent.0"  # of the port
CONNECT_S = 20
ANSWER_S = 60  # a guest in emulation


def check(value, form, where):
    """VALUE is of FORM; no member is unknown, none is missing."""
    if isinstance(form, list):
        assert isinstance(value, list), f"{where}: expected a list, got {value!r}"
        for number, item in enumerate(value):
            check(item, form[0], f"{where}[{number}]")
    elif isinstance(form, dict):
        assert isinstance(value, dict) and not set(value) - set(form), f"{where}: expected of {list(form)}, got {value!r}"
        for key, (kind, needed) in form.items():
            assert key in value or not needed, f"{where}: {key} is missing in {value!r}"
            if key in value:
                check(value[key], kind, f"{where}.{key}")
    else:
        assert type(value) is form, f"{where}: expected {form}, got {value!r}"


def unique(pairs):
    members = dict(pairs)
    assert len(members) == len(pairs), f"a member is there twice: {pairs}"
    return members


class QgaError(Exception):
    """The agent's error: its class, and its words."""

    def __init__(self, error):
        super().__init__(f"{error['class']}: {error['desc']}")
        self.kind, self.words = error["class"], error["desc"]


class QgaClient:
    """On a stream socket, which stays the caller's."""

    def __init__(self, stream):
        self.stream = stream
        self.stream.settimeout(ANSWER_S)
        self.bytes = b""

    def send(self, data):
        self.stream.sendall(data)

    def line(self):
        """The next line, without its end: printable ASCII, but for the sentinel before it."""
        while b"\n" not in self.bytes:
            more = self.stream.recv(65536)
            assert more, f"the agent's end is closed behind {self.bytes!r}"
            self.bytes += more
        line, self.bytes = self.bytes.split(b"\n", 1)
        assert re.fullmatch(rb"\xff?[\x20-\x7e]+", line), line
        return line

    def answer(self, command=None, delimited=False):
        """What the next line returns."""
        line = self.line()
        assert line.startswith(b"\xff") == delimited, line
        answer = json.loads(line.removeprefix(b"\xff"), object_pairs_hook=unique)
        assert isinstance(answer, dict) and len({"return", "error"} & set(answer)) == 1 and not set(answer) - {"return", "error", "id"}, answer
        if "error" in answer:
            check(answer["error"], {"class": (str, True), "desc": (str, True)}, "error")
            assert answer["error"]["class"] in CLASSES, answer
            raise QgaError(answer["error"])
        if command is not None:
            check(answer["return"], SCHEMA[command], command)
        return answer["return"]

    def ask(self, command, **arguments):
        request = {"execute": command, **({"arguments": arguments} if arguments else {})}
        self.send(json.dumps(request).encode() + b"\n")
        return self.answer(command)

    def sync(self):
        """As the schema says: nothing counts before the sentinel and the number that was sent. An agent that is not there yet is
        asked again."""
        end = time.monotonic() + ANSWER_S
        self.stream.settimeout(2)
        while True:
            number = random.getrandbits(63)
            self.send(b'\xff{"execute":"guest-sync-delimited","arguments":{"id":%d}}\n' % number)
            try:
                while not (line := self.line()).startswith(b"\xff") or json.loads(line[1:]) != {"return": number}:
                    pass
                break
            except socket.timeout:
                assert time.monotonic() < end, f"no answer to a sync within {ANSWER_S} s"
        self.stream.settimeout(ANSWER_S)
        return self


def addresses(interfaces):
    """{NIC: [ADDRESS/PREFIX, ...]}"""
    return {nic["name"]: [f"{a['ip-address']}/{a['prefix']}" for a in nic["ip-addresses"]] for nic in interfaces}


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
