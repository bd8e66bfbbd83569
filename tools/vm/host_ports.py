"""Ports of this host that lead to the guest's."""

import collections
import socket

# What QEMU forwards: the guest's PORT/PROTOCOL, called LABEL for people, at HOST_PORT of 127.0.0.1.
Forward = collections.namedtuple("Forward", "port protocol label host_port")

NEAR = 10  # ports beside the one that is wished for


def is_free(port, protocol):
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as sock:
        if protocol == "tcp":
            # As QEMU has it: connections of the run before do not keep a port.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def any_free(protocol):
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def choose(wanted, free=is_free):
    """A Forward for each (port, protocol, label) of WANTED, no two at one port of this host, the first one preferred: at
    its own number (8080 for 80: those below 1024 need a privilege) where that is free, else at one of the next, else at any."""
    chosen = []
    for port, protocol, label in wanted:
        given = {forward.host_port for forward in chosen if forward.protocol == protocol}
        wish = port if port >= 1024 else 8000 + port
        near = (near for near in range(wish, min(wish + NEAR, 65536)) if near not in given and free(near, protocol))
        host_port = next(near, None)
        while host_port is None or host_port in given:
            host_port = any_free(protocol)
        chosen.append(Forward(port, protocol, label, host_port))
    return chosen
