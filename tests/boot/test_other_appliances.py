"""Images of `make APPLIANCE=dns` and `make BINARY=`: another service boots, is shown, and serves on its port."""

import socket

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


@pytest.mark.parametrize("memory_mb", [32, 64])
def test_binary_in_the_slot_serves(dual_stack, boot, memory_mb):
    guest = boot(dual_stack, image=OUT / "misbehave-x86_64.efi", upstream=None, memory_mb=memory_mb)
    four = guest.wait_address(r"192\.0\.2\.\d+")
    guest.wait_screen(rf"Ready: misbehave on {four}, port 7000/tcp")
    wait_answers(dual_stack, four)
    assert tell(dual_stack, four, "echo through the slot") == b"through the slot\n"
