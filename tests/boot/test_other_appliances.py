"""Images of `make APPLIANCE=dns` and `make BINARY=`: another service boots, is shown, and serves on its port."""

import socket
import struct

import pytest

from guest import TREE
from misbehave import tell, wait_answers
from servers import Dnsmasq
from waiting import wait_until

OUT = TREE / "out"
NAME, ADDRESS = b"\x04host\x07example\x00", bytes([93, 184, 215, 14])
QUERY = b"\x12\x34\x01\x00\x00\x01" + 6 * b"\x00" + NAME + b"\x00\x01\x00\x01"  # RFC 1035 4.1: A, IN


def ask(lan, host):
    with lan.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.sendto(QUERY, (host, 53))
        return sock.recv(512)


def test_dns_forwards_to_the_server_that_dhcp_named(keep, lan, boot, tmp_path):
    keep(Dnsmasq(lan, tmp_path, "dhcp-range=192.0.2.100,192.0.2.150,1h",
                 f"address=/host.example/{'.'.join(map(str, ADDRESS))}").start())
    guest = boot(lan, image=OUT / "dns-x86_64.efi", upstream=None)
    four = guest.wait_address(r"192\.0\.2\.\d+")
    guest.wait_screen(rf"Ready: dnsmasq on {four}, port 53/udp, 53/tcp")

    def resolved():
        answer = ask(lan, four)
        assert answer[:2] == QUERY[:2] and answer.endswith(ADDRESS), f"expected {ADDRESS!r} at the end of {answer!r}"
        return True

    wait_until(resolved, 30, "the answer that the other server has")


def labels(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def answered(lan, host, name, kind):
    """(response code, the data of each record of KIND in the answer)."""
    query = struct.pack("!HHHHHH", 7, 0x100, 1, 0, 0, 0) + labels(name) + struct.pack("!HH", kind, 1)
    with lan.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(10)
        sock.sendto(query, (host, 53))
        answer = sock.recv(1232)
    count, at, found = struct.unpack_from("!H", answer, 6)[0], len(query), []
    for _ in range(count):
        at += 2 if answer[at] >= 0xC0 else answer.index(0, at) + 1 - at
        found_kind, _, _, length = struct.unpack_from("!HHIH", answer, at)
        at += 10 + length
        if found_kind == kind:
            found.append(answer[at - length:at])
    return answer[3] & 15, sorted(found)


A, PTR, AAAA, NO_SUCH_NAME = 1, 12, 28, 3


def test_dns_passes_what_the_organisations_servers_say_of_private_addresses(keep, lan, boot, tmp_path):
    """And asks them about a name without a dot never."""
    server = keep(Dnsmasq(lan, tmp_path, "dhcp-range=192.0.2.100,192.0.2.150,1h", "log-queries",
                          "host-record=kms.corp.example,10.1.2.3,fd00::1", "host-record=mixed.corp.example,10.1.2.4",
                          "host-record=mixed.corp.example,198.51.100.4", "address=/plain/10.9.9.9").start())
    guest = boot(lan, image=OUT / "dns-x86_64.efi", upstream=None)
    four = guest.wait_address(r"192\.0\.2\.\d+")
    guest.wait_screen(rf"Ready: dnsmasq on {four}, port 53/udp, 53/tcp")
    packed = [socket.inet_aton(text) for text in ("10.1.2.3", "10.1.2.4", "198.51.100.4")]
    wait_until(lambda: answered(lan, four, "kms.corp.example", A) == (0, packed[:1]), 30, "the KMS host's private address")
    assert answered(lan, four, "kms.corp.example", AAAA) == (0, [socket.inet_pton(socket.AF_INET6, "fd00::1")])
    assert answered(lan, four, "mixed.corp.example", A) == (0, sorted(packed[1:]))
    assert answered(lan, four, "3.2.1.10.in-addr.arpa", PTR) == (0, [labels("kms.corp.example")])
    assert answered(lan, four, "plain", A) == (NO_SUCH_NAME, [])
    assert "query[A] plain" not in server.log_text(), "expected that a name without a dot is not asked of the server"


@pytest.mark.parametrize("memory_mb", [32, 64])
def test_binary_in_the_slot_serves(dual_stack, boot, memory_mb):
    guest = boot(dual_stack, image=OUT / "misbehave-x86_64.efi", upstream=None, memory_mb=memory_mb)
    four = guest.wait_address(r"192\.0\.2\.\d+")
    guest.wait_screen(rf"Ready: misbehave on {four}, port 7000/tcp")
    wait_answers(dual_stack, four)
    assert tell(dual_stack, four, "echo through the slot") == b"through the slot\n"
