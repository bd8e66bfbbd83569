"""The agent on a virtio-serial port's stand-in: libvirt's and Proxmox's questions get the schema's answers out of the records,
junk gets errors, and a host that comes, goes, floods or does not listen costs nothing."""

import ipaddress
import json
import os
import pathlib
import socket
import subprocess
import time

import pytest

from agent import PROGRAM, Agent
from init import FakeInit
from netns import stop
from qga import QgaClient, QgaError, addresses
from records import read_record
from waiting import wait_until

COMMANDS = {"guest-sync-delimited", "guest-sync", "guest-ping", "guest-info", "guest-network-get-interfaces", "guest-get-osinfo",
            "guest-get-host-name", "guest-get-time", "guest-get-timezone", "guest-get-users", "guest-get-vcpus", "guest-get-load",
            "guest-get-memory-blocks", "guest-get-fsinfo", "guest-get-disks", "guest-get-diskstats", "guest-fsfreeze-status",
            "guest-fsfreeze-freeze", "guest-fsfreeze-freeze-list", "guest-fsfreeze-thaw", "guest-fstrim", "guest-shutdown"}
# What libvirt, Proxmox VE, KubeVirt and oVirt send beside them: what would change the guest from outside, and what it has not.
REFUSED = ["guest-set-time", "guest-set-vcpus", "guest-set-memory-blocks", "guest-get-memory-block-info", "guest-suspend-ram",
           "guest-suspend-disk", "guest-suspend-hybrid", "guest-set-user-password", "guest-exec", "guest-exec-status", "guest-file-open",
           "guest-file-close", "guest-file-read", "guest-file-write", "guest-ssh-get-authorized-keys", "guest-ssh-add-authorized-keys",
           "guest-ssh-remove-authorized-keys", "guest-get-devices"]


def write_record(folder, path, *lines):
    """As the programs do it: whole, by a rename."""
    target = folder / path
    target.parent.mkdir(exist_ok=True)
    new = target.with_name(target.name + ".new")
    new.write_text("".join(f"{line}\n" for line in lines))
    new.rename(target)


class QemuAgent(Agent):
    def __init__(self, folder, name="agent"):
        super().__init__(folder, "qemu", socket.socketpair(), name)
        self.client = QgaClient(self.end)

    def wait_record(self, **expected):
        wait_until(lambda: self.record().items() >= expected.items(), 20, f"agent/state with {expected}", self.record)

    def cpu_ticks(self):
        fields = pathlib.Path(f"/proc/{self.child.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return int(fields[11]) + int(fields[12])


@pytest.fixture
def agent(keep, tmp_path):
    return keep(QemuAgent(tmp_path))


def test_before_there_is_a_record(agent):
    """It answers, with nothing where nothing is known."""
    agent.wait_record(backend="qemu", state="waiting", requests="0")
    client = agent.client.sync()
    assert client.ask("guest-ping") == {}
    assert client.ask("guest-network-get-interfaces") == []
    assert client.ask("guest-get-host-name") == {"host-name": os.uname().nodename}
    assert client.ask("guest-get-osinfo")["kernel-release"] == os.uname().release
    assert abs(client.ask("guest-get-time") - time.time_ns()) < 60 * 10**9
    agent.wait_record(state="connected", requests="6", refused="0", last_request="guest-get-time")


def test_the_commands_that_there_are(agent):
    info = agent.client.sync().ask("guest-info")
    assert {command["name"] for command in info["supported_commands"]} == COMMANDS
    assert {command["name"] for command in info["supported_commands"] if not command["success-response"]} == {"guest-shutdown"}
    assert all(command["enabled"] for command in info["supported_commands"])


def test_what_a_guest_without_disks_and_users_has(agent):
    """Empty lists are the answer: one that is refused ends libvirt's and KubeVirt's question for addresses and name too."""
    client = agent.client.sync()
    for command in ("guest-get-users", "guest-get-fsinfo", "guest-get-disks", "guest-get-diskstats", "guest-get-memory-blocks"):
        assert client.ask(command) == [], command
    assert client.ask("guest-get-timezone") == {"zone": "UTC", "offset": 0}


def test_snapshots_find_nothing_to_freeze(agent):
    client = agent.client.sync()
    assert client.ask("guest-fsfreeze-status") == "thawed"
    assert client.ask("guest-fsfreeze-freeze") == 0
    assert client.ask("guest-fsfreeze-freeze-list", mountpoints=["/", "/home"]) == 0
    assert client.ask("guest-fsfreeze-freeze-list") == 0
    assert client.ask("guest-fsfreeze-status") == "thawed"
    assert client.ask("guest-fsfreeze-thaw") == 0
    assert client.ask("guest-fstrim", minimum=0) == {"paths": []}


def test_processors_and_load(agent):
    client = agent.client.sync()
    assert client.ask("guest-get-vcpus") == [{"logical-id": number, "online": True, "can-offline": False}
                                             for number in sorted(os.sched_getaffinity(agent.child.pid))]
    assert all(load >= 0 for load in client.ask("guest-get-load").values())


@pytest.mark.parametrize("command", REFUSED)
def test_what_hosts_send_and_do_not_get(agent, command):
    """CommandNotFound is what they take for "this guest cannot do that", and go on."""
    with pytest.raises(QgaError) as error:
        agent.client.sync().ask(command)
    assert error.value.kind == "CommandNotFound" and command in error.value.words


def test_addresses_follow_the_records(agent, tmp_path):
    client = agent.client.sync()
    write_record(tmp_path, "net/eth0", "mac=02:00:5e:00:00:01", "address.1=192.0.2.5/24 dhcp 86400000",
                 "address.2=2001:db8::5/64 slaac forever tentative", "address.3=fe80::1/64 link-local forever")
    write_record(tmp_path, "net/eth1", "mac=02:00:5e:00:00:02", "link=down")
    write_record(tmp_path, "net/resolver", "server.1=192.0.2.1 dhcp4 eth0 forever")
    interfaces = client.ask("guest-network-get-interfaces")
    assert addresses(interfaces) == {"eth0": ["192.0.2.5/24", "fe80::1/64"], "eth1": []}
    assert [nic["hardware-address"] for nic in interfaces] == ["02:00:5e:00:00:01", "02:00:5e:00:00:02"]
    write_record(tmp_path, "net/eth0", "mac=02:00:5e:00:00:01", "address.1=2001:db8::5/64 slaac forever")
    (tmp_path / "net/eth1").unlink()
    assert addresses(client.ask("guest-network-get-interfaces")) == {"eth0": ["2001:db8::5/64"]}


def test_records_that_lie(agent, tmp_path):
    client = agent.client.sync()
    write_record(tmp_path, "net/eth0", "mac=nonsense", "address.1=\"}]}/24 dhcp 1", "address.2=192.0.2.999/24 dhcp 1",
                 "address.3=192.0.2.9/24 dhcp forever", "address.4=192.0.2.9")
    write_record(tmp_path, "net/eth\"1", "no=mac")
    (tmp_path / "net/torn").write_text("mac")
    (tmp_path / "net/binary").write_bytes(os.urandom(4096))
    (tmp_path / "net/large").write_bytes(b"x=y\n" * 20000)
    os.mkfifo(tmp_path / "net/fifo")
    (tmp_path / "net/link").symlink_to("/dev/zero")
    interfaces = client.ask("guest-network-get-interfaces")
    assert addresses(interfaces) == {"eth\"1": [], "eth0": ["192.0.2.9/24"], "fifo": []}
    assert not any("hardware-address" in nic for nic in interfaces)


def test_errors_of_the_protocol(agent):
    client = agent.client.sync()
    cases = {'{"execute":"guest-exec","arguments":{"path":"/bin/sh"}}': ("CommandNotFound", "guest-exec"),
             '{"execute":"guest-file-read","arguments":{"handle":1}}': ("CommandNotFound", "guest-file-read"),
             '{"execute":"guest-ping","arguments":{"loud":true}}': ("GenericError", "loud"),
             '{"execute":"guest-sync","arguments":{"id":"1"}}': ("GenericError", "id"),
             '{"execute":"guest-sync"}': ("GenericError", "missing"),
             '{"execute":"guest-shutdown","arguments":{"mode":"explode"}}': ("GenericError", "powerdown, reboot, halt"),
             '{"execute":"guest-fsfreeze-freeze-list","arguments":{"mountpoints":"/"}}': ("GenericError", "list of strings"),
             '{"execute":"guest-fsfreeze-freeze-list","arguments":{"mountpoints":["/",["/home"]]}}': ("GenericError", "list of strings"),
             '{"execute":"guest-fsfreeze-freeze","arguments":{"mountpoints":[]}}': ("GenericError", "mountpoints"),
             '{"execute":"guest-fstrim","arguments":{"minimum":"0"}}': ("GenericError", "minimum"),
             '{"execute":7}': ("GenericError", "execute"),
             '{"run":"guest-ping"}': ("GenericError", "run"),
             '["guest-ping"]': ("GenericError", "object"),
             '{"execute":"guest-ping"': ("GenericError", "JSON"),
             "\x1b[2J\u00e9\r": ("GenericError", "JSON"),
             '{"execute":"\u00e9\x7f"}': ("CommandNotFound", "\u00c3\u00a9\x7f"),
             "[" * 1000: ("GenericError", "too many parts"),
             '{"id":"' + "x" * 5000 + '"}': ("GenericError", "longer than 4096 bytes")}
    for request, (kind, words) in cases.items():
        client.send(request.encode() + b"\n")
        with pytest.raises(QgaError) as error:
            client.answer()
        assert error.value.kind == kind and words in error.value.words, f"{request[:80]}: {error.value}"
    assert client.ask("guest-ping") == {}
    agent.wait_record(refused=str(len(cases)))


def test_the_id_of_a_request_comes_back(agent):
    for number in (7, "a b", [1, {"x": None}]):
        agent.client.send(json.dumps({"execute": "guest-ping", "id": number}).encode() + b"\n")
        assert json.loads(agent.client.line()) == {"return": {}, "id": number}


def test_a_client_that_was_cut_off(agent):
    """Half a request is forgotten at the next client's sentinel, in whatever pieces things come."""
    agent.client.send(b'{"execute":"guest-shutdo')
    agent.client.sync()
    for byte in b'\xff\xff {"execute":"guest-sync",\t"arguments":{"id":3}}{"execute":"guest-ping"}':
        agent.client.send(bytes([byte]))
    assert agent.client.answer("guest-sync") == 3
    assert agent.client.answer("guest-ping") == {}


@pytest.mark.parametrize("mode, asked", [(None, "poweroff"), ("powerdown", "poweroff"), ("halt", "poweroff"), ("reboot", "reboot")])
def test_shutdown_is_inits(keep, agent, tmp_path, mode, asked):
    """There is no answer when it goes ahead."""
    init = keep(FakeInit(tmp_path))
    agent.client.sync()
    arguments = {"arguments": {"mode": mode}} if mode else {}
    agent.client.send(json.dumps({"execute": "guest-shutdown", **arguments}).encode() + b"\n")
    assert init.request() == asked
    assert agent.client.ask("guest-ping") == {}  # and this is the next one


def test_shutdown_that_init_refuses(keep, agent, tmp_path):
    init = keep(FakeInit(tmp_path, "refused: stopping already"))
    agent.client.send(b'{"execute":"guest-shutdown"}\n')
    init.request()
    with pytest.raises(QgaError, match="stopping already"):
        agent.client.answer()


def test_a_host_that_floods_and_does_not_listen(agent):
    """Answers are not kept: the agent waits until they are taken, and takes no more requests meanwhile."""
    request = b'{"execute":"guest-info"}\n'
    agent.end.settimeout(1)
    sent = 0
    with pytest.raises(TimeoutError):
        while sent < 64 << 20:
            agent.end.sendall(request)
            sent += len(request)
    ticks = agent.cpu_ticks()
    seen = agent.record()["requests"]
    assert int(seen) > 0 and agent.cpu_ticks() - ticks < 10
    agent.end.settimeout(20)
    answers = 0
    while answers < sent // len(request):
        agent.client.answer("guest-info")
        answers += 1
    agent.end.sendall(b"\xff")
    assert agent.client.sync().ask("guest-ping") == {}


def test_many_requests_in_a_row(agent):
    count = 20000
    sender = os.fork()
    if sender == 0:
        agent.end.sendall(b'{"execute":"guest-ping"}\n' * count)
        os._exit(0)
    for _ in range(count):
        assert agent.client.answer("guest-ping") == {}
    os.waitpid(sender, 0)
    agent.wait_record(requests=str(count), refused="0")


def test_a_host_end_that_is_closed(agent):
    """As a port whose host end is closed: readable for ever, with nothing to read. That is waited out, not asked again and again."""
    agent.client.sync()
    agent.end.shutdown(socket.SHUT_WR)
    agent.wait_record(state="waiting")
    ticks = agent.cpu_ticks()
    began = time.monotonic()
    wait_until(lambda: time.monotonic() - began > 1, 20, "a second")
    assert agent.child.poll() is None and agent.cpu_ticks() - ticks < 10


def test_a_port_that_goes(agent):
    """A hot-unplugged device answers with an error, here a reset by an answer that nobody took: the agent ends, for init to start it
    with the next."""
    agent.client.send(b'{"execute":"guest-ping"}\n')
    agent.wait_record(requests="1")
    agent.end.close()
    assert agent.child.wait(20) == 0
    assert "the port is gone" in agent.log.read_text()
    assert agent.record().items() >= {"state": "failed", "error": "the port is gone"}.items()


def test_vmware_where_there_is_none(tmp_path):
    """The port of another machine faults, as VMware's does where it is closed: a child's end, which the agent tells and leaves at."""
    log = tmp_path / "agent.log"
    write_record(tmp_path, "net/eth0", "mac=02:00:5e:00:00:01", "address.1=192.0.2.5/24 dhcp 86400000")
    with open(log, "wb") as file:
        agent = subprocess.Popen([PROGRAM, "vmware"], stderr=file, env={**os.environ, "THIMBLE_RUN": str(tmp_path), "ASAN_OPTIONS": "handle_segv=0"})
    try:
        wait_until(lambda: read_record(tmp_path, "agent", "state").get("state") == "failed", 20, "the record", log.read_text)
        assert read_record(tmp_path, "agent", "state").items() >= {"backend": "vmware", "error": "the backdoor is closed", "requests": "1"}.items()
        assert agent.poll() is None
    finally:
        stop(agent, 20)


def test_every_address_that_is_told_is_one(agent, tmp_path):
    """Sixteen addresses on each of twelve NICs."""
    expected = {}
    for nic in range(12):
        name = f"eth{nic}"
        expected[name] = [f"2001:db8:{nic:x}:1111:2222:3333:4444:{n:x}/64" for n in range(1, 17)]
        write_record(tmp_path, f"net/{name}", *(f"address.{n}={a} slaac forever" for n, a in enumerate(expected[name], 1)))
    found = addresses(agent.client.sync().ask("guest-network-get-interfaces"))
    assert found == expected
    assert all(ipaddress.ip_interface(a) for nic in found.values() for a in nic)
