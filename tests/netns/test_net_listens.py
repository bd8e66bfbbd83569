"""net against a dhcpcd that is slow, silent, torn or talks nonsense: it gives up and connects anew, and what
happens while the state is told is not lost. The other side is played by the test, byte by byte."""

import os
import signal
import socket
import struct

import pytest
from dhcpcd import GuestNetwork
from netns import connect_veth, Namespace
from waiting import wait_until

DEADLINE_S = 20


def event(**values):
    data = b"".join(f"{key}={value}".encode() + b"\0" for key, value in values.items())
    return struct.pack("N", len(data)) + data


def bound(server, **more):
    """A lease without an address of its own (DHCPINFORM): in force without the kernel's word."""
    return event(reason="INFORM", interface="eth0", if_up="true", new_domain_name_servers=server, **more)


class Dhcpcd:
    """The listening end of dhcpcd's socket."""

    def __init__(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(path))
        os.chmod(path, 0o666)
        self.listener.listen(8)
        self.listener.settimeout(DEADLINE_S)

    def accept(self, request):
        connection, _ = self.listener.accept()
        connection.settimeout(DEADLINE_S)
        got = connection.recv(100)
        assert got == request + b"\0", f"expected {request}, got {got}"
        return connection

    def accept_both(self):
        return self.accept(b"--listen"), self.accept(b"--getinterfaces")

    def close(self):
        self.listener.close()


@pytest.fixture
def guest(keep):
    guest = keep(GuestNetwork())
    connect_veth(guest.namespace, "eth0", keep(Namespace("peer")), "eth0")
    return guest


@pytest.fixture
def dhcpcd(keep, guest):
    made = keep(Dhcpcd(guest.socket_path))
    guest.start_net()
    return made


def wait_servers(guest, *expected):
    guest.wait(lambda: [words[0] for words in guest.servers()] == list(expected), f"DNS servers {expected}")


def tell(replay, *events):
    replay.sendall(struct.pack("N", len(events)) + b"".join(events))


def assert_ended(connection):
    assert connection.recv(1) == b"", "expected the end of the connection"


def test_newer_than_what_was_told(dhcpcd, guest):
    """An event that comes while the state is told waits, and then holds against it."""
    listen, replay = dhcpcd.accept_both()
    listen.sendall(bound("192.0.2.2"))
    tell(replay, bound("192.0.2.1"))
    wait_servers(guest, "192.0.2.2")
    assert_ended(replay)


def test_cut_anywhere(dhcpcd, guest):
    listen, replay = dhcpcd.accept_both()
    for octet in struct.pack("N", 1) + bound("192.0.2.1"):
        replay.sendall(bytes([octet]))
    wait_servers(guest, "192.0.2.1")
    for octet in bound("192.0.2.3"):
        listen.sendall(bytes([octet]))
    wait_servers(guest, "192.0.2.3")


@pytest.mark.parametrize("answer", [b"", struct.pack("N", 3) + bound("192.0.2.9")], ids=["none", "not all"])
def test_state_is_not_told(dhcpcd, guest, answer):
    listen, replay = dhcpcd.accept_both()
    replay.sendall(answer)
    assert_ended(listen)
    again, replay = dhcpcd.accept_both()
    tell(replay, bound("192.0.2.1"))
    wait_servers(guest, "192.0.2.1")


@pytest.mark.parametrize("nonsense", [struct.pack("N", 0), struct.pack("N", 1 << 60),
                                      struct.pack("N", 8) + b"reason=A"], ids=["empty", "huge", "no NUL"])
def test_nonsense(dhcpcd, guest, nonsense):
    """Bytes that are no events end the connection, on either socket; what was known stays."""
    listen, replay = dhcpcd.accept_both()
    tell(replay, bound("192.0.2.1"))
    wait_servers(guest, "192.0.2.1")
    listen.sendall(nonsense)
    assert_ended(listen)
    listen, replay = dhcpcd.accept_both()
    replay.sendall(struct.pack("N", 1) + nonsense)
    assert_ended(listen)
    listen, replay = dhcpcd.accept_both()
    tell(replay)
    listen.sendall(bound("192.0.2.4"))
    wait_servers(guest, "192.0.2.4")


def test_another_nic_of_the_same_name(keep, dhcpcd, guest):
    """An event belongs to the NIC that has the name, though net has not looked since it took another's place."""
    listen, replay = dhcpcd.accept_both()
    tell(replay, bound("192.0.2.1"))
    wait_servers(guest, "192.0.2.1")
    before = guest.nic()["ifindex"]
    guest.net.send_signal(signal.SIGSTOP)
    guest.namespace.ip("link", "delete", "eth0")
    connect_veth(guest.namespace, "eth0", keep(Namespace("other")), "eth0")
    listen.sendall(bound("192.0.2.2"))
    guest.net.send_signal(signal.SIGCONT)
    guest.wait(lambda: guest.nic()["ifindex"] != before, "the new NIC's record")
    wait_servers(guest, "192.0.2.2")


def test_too_large_event_is_cut(dhcpcd, guest):
    """Its first strings count, and the next event is whole; one that is a single string says nothing."""
    listen, replay = dhcpcd.accept_both()
    tell(replay, bound("192.0.2.1", filler="x" * 100_000, new_ntp_servers="192.0.2.9"))
    wait_servers(guest, "192.0.2.1")
    assert "ntp.1" not in guest.resolver()
    listen.sendall(event(filler="x" * 40_000) + bound("192.0.2.2"))
    wait_servers(guest, "192.0.2.2")


def test_unknown_interface_and_words(dhcpcd, guest):
    listen, replay = dhcpcd.accept_both()
    tell(replay, event(reason="BOUND", interface="../../etc/passwd", if_up="true"), event(reason="BOUND"),
         event(interface="eth0"), event(reason="MADE UP", interface="eth0"), bound("192.0.2.1"))
    wait_servers(guest, "192.0.2.1")
    listed = sorted(path.name for path in (guest.run_dir / "net").iterdir())
    assert listed == ["eth0", "resolv.conf", "resolver"]


def test_gone_and_back(dhcpcd, guest):
    """dhcpcd goes with its socket's file and comes back under the same name."""
    listen, replay = dhcpcd.accept_both()
    tell(replay, bound("192.0.2.1"))
    wait_servers(guest, "192.0.2.1")
    dhcpcd.close()
    guest.socket_path.unlink()
    listen.close()
    wait_until(lambda: b"connecting again" in guest.net_log.read_bytes(), DEADLINE_S, "net sees it")
    back = Dhcpcd(guest.socket_path)
    try:
        listen, replay = back.accept_both()
        tell(replay, bound("192.0.2.5"))
        wait_servers(guest, "192.0.2.5")
    finally:
        back.close()
