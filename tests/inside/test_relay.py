"""Whatever call of the relay fails, clients get through it again, and it follows its networks."""

import contextlib
import itertools
import socket

from nth import BIN, Scenario
from relay import PORT, Network, read_exactly


class RelayScenario(Scenario):
    program = "relay"

    def __init__(self, keep):
        self.network = Network(keep, None)
        self.listener = self.network.listen(7001)
        self.listener.settimeout(1)
        self.networks = itertools.count(1)

    def begin(self, run):
        run.say("init", "config", **{"relay.upstream": f"{Network.host}:7001", "relay.allow": "on-link"})
        run.start(BIN / "relay", namespace=self.network.box)

    def ready(self, run):
        return run.record("service", "relay").get("state") == "ready"

    def job(self, run):
        with self.network.lan.connect(Network.relay, PORT, 1) as client:
            client.settimeout(1)
            client.sendall(b"q" * 100)
            with self.accept() as host:
                assert read_exactly(host, 100) == b"q" * 100
                host.sendall(b"a" * 100000)
                assert read_exactly(client, 100000) == b"a" * 100000
                client.shutdown(socket.SHUT_WR)
                assert host.recv(1) == b""
        self.see_network(run)

    def see_network(self, run):
        number = next(self.networks) % 250
        address = f"198.18.{number}.1/24"
        self.network.box.ip("address", "add", address, "dev", "eth0")
        try:
            run.until(lambda: f"198.18.{number}.0/24" in run.record("service", "relay").list("on_link"), 4, "the new network")
        finally:
            self.network.box.ip("address", "delete", address, "dev", "eth0")

    def same(self, found, plain):
        """Pipes are kept for the next session: how many depends on how many there were at once."""
        return all(found[kind] == plain[kind] for kind in {*found, *plain} - {"pipe"}) and found["pipe"] <= 8

    def accept(self):
        """Connections of a try before this one may still be there."""
        while True:
            host, _ = self.listener.accept()
            host.settimeout(1)
            with contextlib.suppress(OSError):
                if host.recv(1, socket.MSG_PEEK) == b"q":
                    return host
            host.close()


def test_a_call_fails(campaign, call):
    campaign(RelayScenario, call)
