"""`make run` gives each of the guest's ports one of this host's, near its own number, and none twice."""

import socket
import sys

import pytest

from tree import HERE

sys.path.insert(0, str(HERE / "tools"))

from vm import host_ports  # noqa: E402


def chosen(*wanted, taken=()):
    """The host's ports for WANTED (port, protocol) where those of TAKEN are other programs'."""
    free = lambda port, protocol: (port, protocol) not in taken  # noqa: E731
    return [f.host_port for f in host_ports.choose([(port, protocol, "x") for port, protocol in wanted], free)]


@pytest.mark.parametrize("wanted, taken, expected", [
    ([(1688, "tcp"), (80, "tcp")], [], [1688, 8080]),
    # The service's port is the one that the status page would have: README's own line.
    ([(8080, "tcp"), (80, "tcp")], [], [8080, 8081]),
    # And the other way round, with PORT=80/tcp.
    ([(80, "tcp"), (8080, "tcp")], [], [8080, 8081]),
    ([(53, "udp"), (53, "tcp")], [], [8053, 8053]),
    ([(8080, "tcp"), (80, "tcp")], [(8080, "tcp")], [8081, 8082]),
    ([(8080, "tcp"), (8080, "udp")], [(8080, "tcp")], [8081, 8080]),
    ([(65535, "tcp")], [], [65535]),
])
def test_near_its_own(wanted, taken, expected):
    assert chosen(*wanted, taken=taken) == expected


def test_any_when_all_near_ones_are_taken():
    taken = [(port, "tcp") for port in range(8080, 8090)]
    found, other = chosen((8080, "tcp"), (80, "tcp"), taken=taken)
    assert not 8080 <= found < 8090 and not 8080 <= other < 8090 and found != other


@pytest.mark.parametrize("kind, protocol", [(socket.SOCK_STREAM, "tcp"), (socket.SOCK_DGRAM, "udp")])
@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_another_programs_port_is_not_free(kind, protocol, address):
    with socket.socket(socket.AF_INET, kind) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((address, 0))
        if protocol == "tcp":
            other.listen()
        port = other.getsockname()[1]
        assert not host_ports.is_free(port, protocol)
    assert host_ports.is_free(port, protocol)
