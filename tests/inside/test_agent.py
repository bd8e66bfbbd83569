"""Whatever call of the agent fails, the hypervisor gets its answers, and its shutdown is heard."""

import json
import signal
import socket

from console import Records
from init import FakeInit
from nth import BIN, EXIT_SYSTEM, Scenario
from qga import QgaClient, QgaError


class AgentScenario(Scenario):
    program = "agent"
    stays = False  # its device may fail, and then it says that it is gone
    gives_up = (0, EXIT_SYSTEM)

    def __init__(self, keep):
        pass

    def begin(self, run):
        self.clean(run)
        Records(run.run_dir).well()
        run.init = FakeInit(run.run_dir)
        run.port, theirs = socket.socketpair()
        run.start(BIN / "agent", "qemu", theirs.fileno(), pass_fds=[theirs.fileno()])
        theirs.close()

    def ready(self, run):
        if run.record("agent", "state"):
            self.sync(run)
            return True

    @staticmethod
    def sync(run):
        client = QgaClient(run.port)
        client.stream.settimeout(1)
        client.send(b'\xff{"execute":"guest-sync-delimited","arguments":{"id":7}}\n')
        while b'"return":7' not in client.line().replace(b" ", b""):
            pass
        return client

    ends = -signal.SIGTERM  # it has nothing to bring to an end

    def job(self, run):
        try:
            client = self.sync(run)
            nic, = [nic for nic in client.ask("guest-network-get-interfaces") if nic["name"] == "eth0"]
            assert any(address["ip-address"] == "192.0.2.77" for address in nic["ip-addresses"]), nic
            assert client.ask("guest-get-host-name")["host-name"]
            client.ask("guest-get-osinfo")
            client.ask("guest-get-fsinfo")
            client.ask("guest-get-load")
            before = len(run.init.requests)
            client.send(json.dumps({"execute": "guest-shutdown"}).encode() + b"\n")
            run.until(lambda: len(run.init.requests) > before, 2, "a request to init")
        except QgaError as error:
            raise OSError(str(error)) from error

    def clean(self, run):
        if hasattr(run, "port"):
            run.port.close()
            run.init.close()
            (run.run_dir / "control").unlink(missing_ok=True)
            del run.port


def test_a_call_fails(campaign, call):
    campaign(AgentScenario, call)
