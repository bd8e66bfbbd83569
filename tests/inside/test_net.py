"""Whatever call of net fails, its records tell the addresses and what dhcpcd says."""

import itertools
import os
import socket
import struct
import threading

from netns import Namespace, connect_veth
from nth import BIN, Scenario


class FakeDhcpcd:
    """dhcpcd's socket PATH: whoever asks gets an event that names SERVER as DNS server of eth0."""

    def __init__(self, path, server):
        self.server = server
        self.connections = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.bind(str(path))
        self.socket.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
                self.connections.append(connection)
                if connection.recv(64).startswith(b"--getinterfaces"):
                    connection.sendall(struct.pack("N", 1) + self.event())
            except OSError:
                if self.socket.fileno() < 0:
                    return

    def event(self):
        event = b"".join(f"{line}\0".encode() for line in (
            "interface=eth0", "reason=BOUND", "pid=7", "protocol=dhcp", "if_up=true", "ifwireless=0", "ifflags=4163",
            "new_ip_address=192.0.2.7", "new_subnet_cidr=24", f"new_domain_name_servers={self.server}",
            "new_dhcp_lease_time=3600"))
        return struct.pack("N", len(event)) + event

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for connection in self.connections:
            connection.close()


class NetScenario(Scenario):
    program = "net"

    def __init__(self, keep):
        self.box, other = keep(Namespace("box")), keep(Namespace("other"))
        connect_veth(self.box, "eth0", other, "eth0")
        self.box.ip("address", "add", "192.0.2.7/24", "dev", "eth0")
        self.numbers = itertools.count(1)

    def begin(self, run):
        self.clean(run)
        run.say("init", "config", dns="")
        run.dhcpcd = FakeDhcpcd(run.folder / "dhcpcd", "192.0.2.53")
        run.start(BIN / "net", run.folder / "dhcpcd", namespace=self.box)

    def ready(self, run):
        return any(line.startswith("192.0.2.53 ") for line in run.record("net", "resolver").list("server"))

    def job(self, run):
        address = f"198.18.{next(self.numbers) % 250}.1/24"
        self.box.ip("address", "add", address, "dev", "eth0")
        try:
            run.until(lambda: any(line.startswith(address) for line in run.record("net", "eth0").list("address")), 4, address)
        finally:
            self.box.ip("address", "delete", address, "dev", "eth0")
        run.until(lambda: self.ready(run), 4, "the lease's DNS server")
        assert "nameserver 192.0.2.53" in (run.run_dir / "net/resolv.conf").read_text()
        run.until(lambda: not any(line.startswith(address) for line in run.record("net", "eth0").list("address")), 4, "it goes")

    def clean(self, run):
        if hasattr(run, "dhcpcd"):
            run.dhcpcd.close()
            os.unlink(run.folder / "dhcpcd")
            del run.dhcpcd


def test_a_call_fails(campaign, call):
    campaign(NetScenario, call)
