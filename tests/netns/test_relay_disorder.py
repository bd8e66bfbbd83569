"""Whatever peers do, in whatever order, each sees a beginning of what the other sent, and nothing is left over."""

import os
import random
import socket

import pytest
from relay import reset

SESSIONS_MAX, STEPS = 60, 12_000
DATA = os.urandom(1 << 20)


class End:
    """One end of a session: how far it has sent into DATA, what it has received."""

    def __init__(self, sock):
        self.sock = sock
        self.sent = self.received = 0
        self.open = True
        sock.setblocking(False)

    def send(self, size):
        if self.sent < len(DATA):
            self.sent += self.sock.send(DATA[self.sent:self.sent + size])

    def receive(self, size):
        data = self.sock.recv(size)
        expected = DATA[self.received:self.received + len(data)]
        assert data == expected, f"wrong bytes from byte {self.received} on"
        self.received += len(data)

    def close(self):
        self.open = False
        self.sock.close()

    def reset(self):
        self.open = False
        reset(self.sock)


def act(end, dice):
    size = dice.choice((1, 250, 5000, 300_000))
    action = dice.choices(("send", "receive", "shutdown", "close", "reset"), (8, 8, 1, 1, 1))[0]
    try:
        if action == "shutdown":
            end.sock.shutdown(socket.SHUT_WR)
        elif action in ("close", "reset"):
            getattr(end, action)()
        else:
            getattr(end, action)(size)
    except (BlockingIOError, ConnectionResetError, BrokenPipeError):
        pass
    except OSError as error:
        assert error.errno == 107, error  # ENOTCONN: shutdown after a reset


@pytest.mark.parametrize("prefix", [(), ("prlimit", "--nofile=180")], ids=["with pipes", "with few pipes"])
@pytest.mark.parametrize("seed", [1, 2])
def test_disorder(network, prefix, seed):
    listener = network.listen(7001)
    relay = network.start_relay(prefix, upstream=f"{network.host}:7001")
    before = {kind: count for kind, count in relay.descriptors().items() if kind != "pipe"}
    dice = random.Random(seed)
    sessions, total = [], 0
    for _ in range(STEPS):
        if not sessions or (len(sessions) < SESSIONS_MAX and dice.random() < 0.1):
            client = network.lan.connect(network.relay, 1688)
            sessions.append((End(client), End(listener.accept()[0])))
            total += 1
        pair = dice.choice(sessions)
        end, other = pair if dice.random() < 0.5 else pair[::-1]
        if end.open:
            act(end, dice)
        assert end.received <= other.sent, f"received {end.received} bytes of {other.sent}"
        if not end.open and not other.open:
            sessions.remove(pair)
    for pair in sessions:
        for end in pair:
            end.sock.close()
    record = relay.wait_connections(0, total)
    assert record["connections_failed"] == record["connections_refused"] == "0", record
    after = relay.descriptors()
    assert after.pop("pipe", 0) <= 2 * 32, "expected at most 32 idle pipes"
    assert after == before, f"expected {before}, got {after}"
