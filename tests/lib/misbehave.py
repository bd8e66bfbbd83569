"""Talking to tests/fault/daemons/misbehave.c in a guest."""

import collections

from waiting import wait_until

PORT = 7000
ROOT_PORT = 7001  # where it stands in for the shell of a DEBUG=1 image: BOOT_FILES

Process = collections.namedtuple("Process", "pid uid name")


def tell(namespace, host, command, timeout=20, port=PORT):
    """Sends COMMAND; returns the answer, b"" when the service died of it."""
    try:
        with namespace.connect(host, port, timeout) as sock:
            sock.sendall(command.encode() + b"\n")
            answer = b""
            while data := sock.recv(65536):
                answer += data
            return answer
    except ConnectionError:
        return b""


def wait_answers(namespace, host, deadline_s=60):
    wait_until(lambda: tell(namespace, host, "echo here") == b"here\n", deadline_s,
               f"the service to answer at {host}")


def processes(namespace, host):
    lines = tell(namespace, host, "list").decode().splitlines()
    return [Process(int(pid), int(uid), name) for pid, uid, name in (line.split(" ", 2) for line in lines)]
