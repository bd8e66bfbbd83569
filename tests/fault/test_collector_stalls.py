"""A collector that accepts and reads nothing holds nobody up."""

import pytest
from log import Rsyslog
from misbehave import tell
from rooted import PROGRAMS, start_rooted_misbehaving
from servers import wait_renewed
from status_page import wait_answer
from waiting import wait_until

NAMES = [name for name in PROGRAMS if name != "child.resolver"]  # not in misbehave's image
PRINTED_BYTES = 50_000  # 500 lines, as many as one program may write at once
RECEIVED_BYTES = 16_384  # that the collector's kernel takes in its place


class GuestLog:
    """As tests/lib/log.py's Log, of a guest."""

    def __init__(self, root):
        self.root = root

    def record(self):
        lines = self.root.tell("cat /run/thimble/log/state").splitlines()
        return dict(line.split("=", 1) for line in lines)

    def wait(self, condition, what, deadline_s=60):
        def look():
            record = self.record()
            return record if condition(record) else None
        return wait_until(look, deadline_s, f"record log/state: {what}", self.record)


@pytest.mark.deadline(400)
def test_collector_reads_nothing(keep, renewing, boot_misbehaving, tmp_path):
    """What the log has no room for is lost, counted line by line."""
    renewing.lan.sysctl("net.ipv4.tcp_rmem", f"4096 {RECEIVED_BYTES} {RECEIVED_BYTES}")
    collector = keep(Rsyslog(renewing.lan, tmp_path, "tcp", "192.0.2.1").start())
    _, root = start_rooted_misbehaving(renewing.lan, boot_misbehaving, append=f"thimble.syslog={collector.url()}")
    log = GuestLog(root)
    log.wait(lambda record: record["state"] == "sending" and record["queued"] == "0", "all is sent")
    collector.pause()

    def lost():
        assert tell(renewing.lan, root.host, f"print {PRINTED_BYTES}") == b"ok\n", "expected the service not to wait"
        record = log.record()
        return record if int(record["lost"]) > 0 and record["state"] == "slow" else None
    wait_until(lost, 50, "lines are lost", log.record)  # after 60 s the connection would be closed
    wait_answer(renewing.lan, root.host)
    collector.go_on()
    record = collector.wait_exact(log)
    assert int(record["lost"]) > 0 and record["state"] == "sending", record
    wait_renewed(renewing)
    assert root.restarts([*NAMES, "service"]) == dict.fromkeys([*NAMES, "service"], 0)
