"""The container image runs under a container engine's runtime, as root and as anybody, and relays; a bad setting ends it."""

import os
import signal
import socket
import subprocess

import pytest
from container import DOCKER_CAPABILITIES, IMAGE, Container, unpack, user_exists
from dns import name as dns_name
from misbehave import processes, tell, wait_answers
from relay import PORT, Network, assert_equal_bytes, assert_reset, read_exactly
from relayed import exchange, wait_relayed
from servers import Dnsmasq
from tcp import TcpPeer, echo, exchange_at_once
from waiting import wait_until

HOST_PORT = 4000
UPSTREAM = f"{Network.host}:{HOST_PORT}"
ECHOED = {"THIMBLE_RELAY_UPSTREAM": UPSTREAM, "THIMBLE_RELAY_GUARD": "off"}
SERVICE_UID, RESOLVER_UID = 104, 108


MADE_ONCE = True  # what the fixture unpacks: tests/netns/conftest.py


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return unpack(IMAGE, tmp_path_factory.mktemp("image"))


@pytest.fixture
def network(keep, tmp_path):
    return Network(keep, tmp_path)


@pytest.fixture
def start(keep, tmp_path, bundle, network):
    def start_container(**options):
        return keep(Container(network.box, tmp_path, bundle, **options))
    return start_container


@pytest.fixture
def peer(keep, network):
    return keep(TcpPeer(network.lan, echo, Network.host, HOST_PORT))


# How engines run it -> the users of service and helper.
WAYS = {
    "the image's user": (dict(read_only=False, tmpfs=False), SERVICE_UID, SERVICE_UID),
    "any user, read-only": (dict(uid=1000), 1000, 1000),
    "root": (dict(uid=0, capabilities=DOCKER_CAPABILITIES), SERVICE_UID, RESOLVER_UID),
    "root, writable": (dict(uid=0, capabilities=DOCKER_CAPABILITIES, read_only=False, tmpfs=False), SERVICE_UID, RESOLVER_UID),
    "root without capabilities": (dict(uid=0), 0, 0),
    "records elsewhere": (dict(uid=1000, tmpfs=False, environment={"THIMBLE_RUN": "/dev/shm/thimble"}), 1000, 1000),
}


def capabilities(pid):
    lines = open(f"/proc/{pid}/status").read().splitlines()
    return {line.split(":")[0]: int(line.split()[1], 16) for line in lines if line.startswith("Cap")}


@pytest.mark.parametrize("way", WAYS)
def test_relays_and_ends(start, network, peer, way):
    options, *users = WAYS[way]
    service_uid, helper_uid = (uid if user_exists(uid) else 0 for uid in users)
    environment = ECHOED | options.get("environment", {})
    container = start(**(options | {"environment": environment}))
    wait_relayed(network.lan, Network.relay)
    exchange_at_once(network.lan, Network.relay, PORT, 50, 100_000, 60)

    processes = container.wait_processes("relay", "resolver")
    assert {name: uid for name, (_, uid) in processes.items()} == {"relay": service_uid, "resolver": helper_uid}
    for pid, _ in processes.values():
        has = capabilities(pid)
        assert has["CapPrm"] == has["CapEff"] == has["CapAmb"] == 0, has
        assert "NoNewPrivs:\t1" in open(f"/proc/{pid}/status").read()

    container.child.send_signal(signal.SIGTERM)
    assert container.wait_end() == 0
    assert "relay: draining 0 connections" in container.log_text()


def test_the_later_setting_wins(start, tmp_path):
    file = tmp_path / "site.conf"
    file.write_text("relay.max-connections = 100\nrelay.idle-timeout-s = 100\nrelay.max-session-s = 100\n")
    container = start(mounts={"/etc/thimble.conf": file}, arguments=["relay.max-session-s=300"], environment={
        "THIMBLE_RELAY_IDLE_TIMEOUT_S": "200", "THIMBLE_RELAY_MAX_SESSION_S": "200"})
    record = container.wait_record("init", "config", lambda record: record, "there is one")
    expected = {
        "relay.guard": ("dcerpc:51c82175-844e-4750-b0d8-ec255555bc06", "appliance, line"),
        "relay.max-connections": ("100", "/etc/thimble.conf, line 1"),
        "relay.idle-timeout-s": ("200", "variable THIMBLE_RELAY_IDLE_TIMEOUT_S"),
        "relay.max-session-s": ("300", "argument 1"),
        "relay.connect-timeout-s": ("4", "default"),
    }
    for key, (value, origin) in expected.items():
        assert record[key] == value and record[f"origin.{key}"].startswith(origin), (key, record)
    container.wait_ready()


@pytest.mark.parametrize("options, expected", [
    (dict(environment={"THIMBLE_RELAY_UPSTREAM": "kms.example"}), ['variable THIMBLE_RELAY_UPSTREAM: relay.upstream = "kms.example"',
                                                                  "allowed: HOST:PORT"]),
    (dict(arguments=["relay.max-connections=0", "relay.nope=1", "--verbose"]),
     ['argument 1: relay.max-connections = "0", allowed: a number from 1 to 100000', 'argument 2: "relay.nope" is no setting',
      'argument 3: "--verbose", allowed: key=value']),
    (dict(conf="relay.splice = on\nrelay.allow = everybody\n"),
     ['/etc/thimble.conf, line 2: relay.allow = "everybody", nobody may come until it is right, allowed: PREFIX']),
    (dict(conf=None), ["/etc/thimble.conf is a folder"]),
    (dict(conf="#" * 20000), ["/etc/thimble.conf: at most 16382 bytes"]),
    (dict(arguments=["service.args=\"open"]), ["setting refused, from argument 1: service.args = ", "an open double quote"]),
])
def test_a_bad_setting_ends_it(start, tmp_path, options, expected):
    """With status 100, and each of them is told."""
    options = dict(options)
    if "conf" in options:
        text, file = options.pop("conf"), tmp_path / "conf"
        file.mkdir() if text is None else file.write_text(text)
        options["mounts"] = {"/etc/thimble.conf": file}
    container = start(**options)
    assert container.wait_end() == 100, container.log_text()
    for text in expected:
        assert text in container.log_text(), container.log_text()


def test_variables_of_a_kubernetes_service_are_left_alone(start, network, peer):
    container = start(environment=ECHOED | {
        "THIMBLE_PORT": "tcp://10.0.0.1:1688", "THIMBLE_SERVICE_HOST": "10.0.0.1", "THIMBLE_PORT_1688_TCP_ADDR": "10.0.0.1"})
    wait_relayed(network.lan, Network.relay)
    assert "the variable THIMBLE_SERVICE_HOST is no setting's" in container.log_text()


def test_nowhere_to_write_is_said(start):
    container = start(tmpfs=False)
    assert container.wait_end() == 111
    assert "the folder /run/thimble/init as user" in container.log_text() and "mount a tmpfs at /run" in container.log_text()


def test_sessions_end_in_order(start, network):
    """SIGTERM: one that goes on to its end loses no byte, one that does not is reset; the status is 0."""
    listener = network.listen(HOST_PORT)
    container = start(environment=ECHOED)
    container.wait_ready()
    client, host = network.session(listener)
    idle_client, _ = network.session(listener)
    client.sendall(b"question")
    assert_equal_bytes(read_exactly(host, 8), b"question", "question")
    container.child.send_signal(signal.SIGTERM)
    container.wait_log("relay: draining 2 connections")
    host.sendall(b"answer")
    host.shutdown(socket.SHUT_WR)
    client.settimeout(20)
    assert_equal_bytes(read_exactly(client, 6), b"answer", "answer")
    assert_reset(idle_client, "the idle session's client")
    assert container.wait_end() == 0


def test_the_helper_is_started_again(start, network, peer):
    container = start(environment=ECHOED)
    wait_relayed(network.lan, Network.relay)
    before = container.wait_processes("relay", "resolver")
    os.kill(before["resolver"][0], signal.SIGKILL)
    container.wait_log("resolver: killed by SIGKILL; next start in 0.1 s")

    def is_back():
        now = container.processes()
        return now.get("resolver", before["resolver"]) != before["resolver"] and now["relay"] == before["relay"]
    wait_until(is_back, 40, "another resolver, the same service", container.log_text)
    assert exchange(network.lan, Network.relay) == b"through the relay"
    os.kill(container.wait_processes("resolver")["resolver"][0], signal.SIGKILL)
    container.wait_log("resolver: killed by SIGKILL; next start in 0.2 s")


def test_orphans_are_reaped(start, network, tmp_path):
    """A worker of the resolver, which asks a name server that says nothing, comes to PID 1 when the resolver dies."""
    network.black_hole("192.0.2.77")
    conf = tmp_path / "resolv.conf"
    conf.write_text("nameserver 192.0.2.77\nsearch example\n")
    container = start(mounts={"/etc/resolv.conf": conf})

    pid, _ = container.wait_processes("resolver")["resolver"]
    orphans = wait_until(lambda: open(f"/proc/{pid}/task/{pid}/children").read().split(), 40, "a worker", container.log_text)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in orphans), 40, "no worker, and no zombie of one",
               container.log_text)


def test_it_ends_with_the_service(start):
    container = start(environment=ECHOED)
    container.wait_ready()
    os.kill(container.processes()["relay"][0], signal.SIGKILL)
    assert container.wait_end() == 128 + signal.SIGKILL
    assert "entry: relay: killed by SIGKILL" in container.log_text()


def test_a_service_that_does_not_end_is_killed(start):
    container = start(environment=ECHOED)
    container.wait_ready()
    os.kill(container.processes()["relay"][0], signal.SIGSTOP)
    container.child.send_signal(signal.SIGTERM)
    assert container.wait_end() == 128 + signal.SIGKILL
    assert "relay: still there 1700 ms after SIGTERM; killed" in container.log_text()


def test_a_file_that_it_may_not_read_is_told(start, tmp_path):
    file = tmp_path / "site.conf"
    file.write_text("relay.splice = off\n")
    file.chmod(0o600)
    container = start(uid=1000, mounts={"/etc/thimble.conf": file})
    assert container.wait_end() == 100
    assert "/etc/thimble.conf: user 1000 cannot read it: Permission denied" in container.log_text()


def test_settings_are_read_again(start, network, peer, tmp_path):
    """SIGHUP: good ones are followed, bad ones change nothing, but who may come."""
    file = tmp_path / "site.conf"
    file.write_text("relay.guard = off\nrelay.upstream = 192.0.2.99:1\n")
    container = start(mounts={"/etc/thimble.conf": file})
    container.wait_record("service", "relay", lambda record: record.get("upstream.1", "").startswith("192.0.2.99:1 "), "upstream.1")
    file.write_text("relay.guard = perhaps\nrelay.upstream = 192.0.2.98:1\n")
    container.child.send_signal(signal.SIGHUP)
    container.wait_log("the settings stay as they were")
    container.wait_record("service", "relay", lambda record: record["guard"] == "none", "guard=none")
    assert container.record("init", "config")["relay.upstream"] == "192.0.2.99:1"
    assert container.record("init", "config")["relay.allow"] == "on-link"
    file.write_text(f"relay.guard = off\nrelay.upstream = {UPSTREAM}\n")
    container.child.send_signal(signal.SIGHUP)
    wait_relayed(network.lan, Network.relay)


def test_the_upstream_is_found_by_dns(start, network, peer, keep, tmp_path):
    """As the engine's resolv.conf says, which is mounted over the one of the image; nothing else is set."""
    keep(Dnsmasq(network.lan, tmp_path, "local=/example/", "srv-host=_vlmcs._tcp.example,kms.example," + str(HOST_PORT),
                 f"address=/kms.example/{Network.host}")).start()
    conf = tmp_path / "resolv.conf"
    conf.write_text(f"nameserver {Network.host}\nsearch example\n")
    container = start(environment={"THIMBLE_RELAY_GUARD": "off"}, mounts={"/etc/resolv.conf": conf})
    wait_relayed(network.lan, Network.relay)
    container.wait_record("service", "relay", lambda record: record.get("upstream_source.1") == "srv:_vlmcs._tcp.example",
                          "upstream_source.1=srv:_vlmcs._tcp.example")


def test_what_the_default_lets_in(start, network, peer):
    """relay.allow = on-link: the container's own network, and no client from beyond its gateway."""
    container = start(environment=ECHOED)
    wait_relayed(network.lan, Network.relay)
    network.lan.ip("address", "add", "198.51.100.1/32", "dev", "br0")
    network.box.ip("route", "add", "default", "via", Network.host)
    with network.lan.socket(socket.AF_INET, socket.SOCK_STREAM) as client:
        client.bind(("198.51.100.1", 0))
        client.settimeout(20)
        try:
            client.connect((Network.relay, PORT))
            assert_reset(client, "a client from elsewhere")
        except ConnectionResetError:
            pass
    container.wait_log("198.51.100.1")


def test_state_and_help_without_a_shell(start):
    container = start(environment=ECHOED)
    container.wait_ready()
    status, said = container.exec("/bin/entry", "--status")
    assert status == 0 and "service/relay\n    state=ready\n" in said, said
    status, said = container.exec("/bin/entry", "--help")
    assert status == 0 and "THIMBLE_RELAY_MAX_CONNECTIONS_PER_CLIENT" in said, said


def test_another_appliance(keep, tmp_path, network):
    """dns: its port is below 1024, so its service gets the one capability for that, and no other."""
    dns = keep(Dnsmasq(network.lan, tmp_path, "local=/example/", "address=/host.example/93.184.215.14")).start()
    conf = tmp_path / "resolv.conf"
    conf.write_text(f"nameserver {Network.host}\n")
    bundle = unpack(IMAGE.with_name("dns-x86_64.oci.tar"), tmp_path)
    container = keep(Container(network.box, tmp_path, bundle, capabilities=DOCKER_CAPABILITIES, mounts={"/etc/resolv.conf": conf}))
    query = b"\x12\x34\x01\x00\x00\x01" + 6 * b"\x00" + dns_name("host.example") + b"\x00\x01\x00\x01"  # RFC 1035 4.1: A, IN

    def answered():
        with network.lan.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(2)
            sock.sendto(query, (Network.relay, 53))
            return socket.inet_aton("93.184.215.14") in sock.recv(512)
    wait_until(answered, 40, "an answer through it", container.log_text)
    (pid, uid), = container.processes().values()
    assert uid == (SERVICE_UID if user_exists(SERVICE_UID) else 0) and capabilities(pid)["CapEff"] == 1 << 10
    assert "host.example" in dns.log_text() and "started, version" in container.log_text()


def test_programs_of_one_user_are_private(start, network, peer):
    """Where engines give all of them one user, none reads the others' files or memory."""
    container = start(uid=1000, environment=ECHOED)
    wait_relayed(network.lan, Network.relay)
    pids = [container.entry(), *(pid for pid, _ in container.wait_processes("relay", "resolver").values())]
    for pid in pids:
        look = subprocess.run(["ls", f"/proc/{pid}/fd"], user=1000, capture_output=True, text=True)
        assert "Permission denied" in look.stderr, f"process {pid}: {look.stdout}{look.stderr}"


def test_any_executable(keep, tmp_path, network):
    """BINARY=: what it says and how it ends is the container's."""
    bundle = unpack(IMAGE.with_name("misbehave-x86_64.oci.tar"), tmp_path)
    container = keep(Container(network.box, tmp_path, bundle))
    wait_answers(network.lan, Network.relay)
    found = processes(network.lan, Network.relay)
    assert [process.name for process in found] == ["entry", "misbehave"] and found[0].pid == 1, found
    tell(network.lan, Network.relay, "crash")
    assert container.wait_end() == 128 + signal.SIGSEGV
    again = keep(Container(network.box, tmp_path, bundle, arguments=["service.args=exit 3"], name="again"))
    assert again.wait_end() == 3


def test_service_that_goes_to_the_background(keep, tmp_path, network):
    """The container ends with it, and says why that may be."""
    bundle = unpack(IMAGE.with_name("misbehave-x86_64.oci.tar"), tmp_path)
    container = keep(Container(network.box, tmp_path, bundle, arguments=["service.args=exit 0"]))
    assert container.wait_end() == 0
    assert "may have gone to the background" in container.log_text()
