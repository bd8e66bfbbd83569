"""The end of one direction passes the relay while the other stays open, whichever side ends first."""

import os

from relayed import exchange, sha256, wait_relayed
from tcp import TcpPeer, digest, talk_first
from waiting import wait_until


def test_client_ends_first(keep, dual_stack, boot):
    keep(TcpPeer(dual_stack, digest, port=1689))
    guest = boot(dual_stack, upstream="192.0.2.1:1689")
    payload = os.urandom(300000)
    four = guest.wait_address(r"192\.0\.2\.\d+")
    wait_relayed(dual_stack, four, expected=sha256(b"through the relay"))
    got = exchange(dual_stack, four, payload, timeout=30)
    assert got == sha256(payload), f"expected the digest of what was sent, got {got!r}"


def test_upstream_ends_first(keep, dual_stack, boot):
    peer = keep(TcpPeer(dual_stack, talk_first, port=1689))
    guest = boot(dual_stack, upstream="192.0.2.1:1689")
    four = guest.wait_address(r"192\.0\.2\.\d+")
    wait_relayed(dual_stack, four, expected=b"greeting")
    peer.received.clear()
    with dual_stack.connect(four, 1688, 30) as sock:
        greeting = b""
        while data := sock.recv(100):
            greeting += data
        assert greeting == b"greeting", f"expected the greeting and then its end, got {greeting!r}"
        sock.sendall(b"after your end")
        sock.shutdown(1)
        wait_until(lambda: b"".join(peer.received) == b"after your end", 30,
                   "the upstream to get what was sent after its end", lambda: peer.received)
