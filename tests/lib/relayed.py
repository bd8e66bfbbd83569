"""What a client on the network sees of the relay."""

import hashlib

from waiting import wait_until

PORT = 1688


def exchange(namespace, host, payload=b"through the relay", port=PORT, timeout=10):
    """Sends PAYLOAD, ends its own stream, returns all that comes back."""
    with namespace.connect(host, port, timeout) as sock:
        sock.sendall(payload)
        sock.shutdown(1)
        received = b""
        while data := sock.recv(65536):
            received += data
        return received


def wait_relayed(namespace, host, deadline_s=30, expected=b"through the relay"):
    """Waits until an echo comes back through the relay at HOST."""
    def relayed():
        got = exchange(namespace, host)
        assert got == expected, f"expected {expected!r}, got {got!r}"
        return True
    wait_until(relayed, deadline_s, f"an echo through the relay at {host}")


def sha256(data):
    return hashlib.sha256(data).hexdigest().encode()


def echo(session, text):
    """On a connection that stays open."""
    session.sendall(text)
    got = b""
    while len(got) < len(text):
        got += session.recv(len(text) - len(got)) or b"<end of stream>"
    assert got == text, f"expected {text!r} back through the relay, got {got!r}"
