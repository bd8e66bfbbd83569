"""10,000 idle connections beside 1,000 active ones through the image, and many thousands one after another."""

import pathlib
import sys

import pytest

from relay import assert_equal_bytes, read_exactly
from relayed import wait_relayed
from tcp import exchange_at_once
from tree import BUILD, HERE
from waiting import wait_until

ECHO_HOST = pathlib.Path(__file__).parent.parent / "lib/echo_host.py"
LOAD = HERE / BUILD / "bench/relay-load"
IDLE, ACTIVE = 10_000, 1000


@pytest.mark.deadline(900)
def test_idle_and_active(dual_stack, boot, tmp_path):
    host = dual_stack.start(sys.executable, ECHO_HOST, "192.0.2.1", 1700, log=tmp_path / "host.log")
    wait_until(lambda: "listening" in (tmp_path / "host.log").read_text(), 20, "the host listens")
    guest = boot(dual_stack, upstream="192.0.2.1:1700", memory_mb=256, append="thimble.relay.max-connections=20000 "
                 "thimble.relay.first-byte-timeout-s=900 thimble.relay.idle-timeout-s=900")
    four = guest.wait_address(r"192\.0\.2\.\d+")
    wait_relayed(dual_stack, four)
    idle = []
    for number in range(IDLE):
        client = dual_stack.connect(four, 1688, 120)
        client.sendall(b"%06d" % number)
        idle.append(client)
    for number, client in enumerate(idle):
        assert_equal_bytes(read_exactly(client, 6), b"%06d" % number, f"client {number}")
    guest.wait_screen(rf"ready, {IDLE} connections now")
    exchange_at_once(dual_stack, four, 1688, ACTIVE, 3000, 200)
    for number, client in enumerate(idle):
        client.sendall(b"again")
        assert_equal_bytes(read_exactly(client, 5), b"again", f"client {number}")
    guest.wait_screen(rf"ready, {IDLE} connections now.*, 0 refused, 0 failed")
    for client in idle:
        client.close()
    guest.wait_screen(r"ready, 0 connections now", 120)
    assert host.poll() is None


@pytest.mark.deadline(400)
def test_one_after_another(dual_stack, boot):
    """Some 60 s of new connections; the memory that is free at the end is what was free after the first of them."""
    dual_stack.sysctl("net.ipv4.tcp_tw_reuse", 1)
    guest = boot(dual_stack, upstream="192.0.2.1:1700")
    four = guest.wait_address(r"192\.0\.2\.\d+")

    def burst(seconds):
        output = dual_stack.run(LOAD, "connections", four, 1688, "192.0.2.1", 1700, 32, seconds, timeout=150)
        return int(output.split("connections=")[1].split()[0])

    def free_mib():
        return float(guest.wait_screen(r"Memory\s+([\d.]+) MiB free")[1])

    burst(10)
    guest.wait_screen(r"ready, 0 connections now")
    before = free_mib()
    total = burst(50)
    guest.wait_screen(r"ready, 0 connections now")
    print(f"{total} connections")
    assert total > 5000, total
    wait_until(lambda: free_mib() > before - 1.0, 90, f"{before} MiB free as before", guest.screen)
