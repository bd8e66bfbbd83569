"""Through storms of hostile packets the image serves its clients, keeps redrawing its screen, and has its memory, addresses and
routes back as they were."""

import itertools
import json
import re

import pytest
from flood import Flood
from guest import slaac_address
from relayed import exchange, wait_relayed
from storms import spread
from test_status_page import ask
from waiting import wait_until

PER_SECOND, FRAMES, PACKETS, EXCHANGES = 1000, 20_000, 3000, 10
MEMORY_BYTES = 1 << 20  # so near to what was available before it has to be
CONNECT_P99_US = 1_000_000  # under emulation, on a machine that runs other things too
STORM_BYTES = 5 << 20  # so much may be taken meanwhile


def metric(lan, host, name):
    text = ask(lan, host, "/metrics")[1]
    return int(float(re.search(rf"^thimble_{name}(?:{{[^}}]*}})? (\S+)$", text, re.M)[1]))


def state(lan, host):
    """What a storm must not change: addresses and gateways."""
    nic = json.loads(ask(lan, host, "/status.json")[1])["nics"][0]
    return {"addresses": sorted(a["address"] for a in nic["addresses"]),
            "gateways": sorted(json.dumps({k: v for k, v in g.items() if not k.endswith("_ms")}) for g in nic["gateways"])}


@pytest.mark.deadline(900)
def test_storms(keep, dual_stack, boot, tmp_path):
    lan = dual_stack
    guest = boot(lan, memory_mb=32)
    four = guest.wait_address(r"192\.0\.2\.\d+", 180)
    six = slaac_address("2001:db8:1::/64", guest.nics[0].mac)
    wait_relayed(lan, four, 60)
    wait_relayed(lan, six, 60)
    for path in ("/", "/log", "/status.json", "/metrics"):  # what is there once it was asked for stays
        ask(lan, four, path)
    before, memory = state(lan, four), metric(lan, four, "memory_available_bytes")
    kinds = spread(guest.nics[0].mac, four, six)
    total, taken = 2, {}
    for kind in [*kinds, "all"]:
        frames = itertools.chain.from_iterable(zip(*kinds.values())) if kind == "all" else kinds[kind]
        flood = keep(Flood.of_frames(lan, "br0", PER_SECOND, list(itertools.islice(frames, FRAMES)), tmp_path))
        begin, least = metric(lan, four, "nic_receive_packets_total"), memory
        served = exchanges = came = 0
        while came < PACKETS or exchanges < EXCHANGES:
            exchanges += 1
            served += exchange(lan, four, timeout=60) == b"through the relay"
            least = min(least, metric(lan, four, "memory_available_bytes"))
            came = metric(lan, four, "nic_receive_packets_total") - begin
        total += exchanges
        guest.wait_screen(rf", {total} in all")
        flood.close()
        keep.things.remove(flood)
        print(f"{kind}: {came} packets, {served} of {exchanges} served, {(memory - least) >> 10} KiB less meanwhile")
        assert served == exchanges
        taken[kind] = memory - least
    wait_until(lambda: memory - metric(lan, four, "memory_available_bytes") <= MEMORY_BYTES, 180, "the memory is back",
               lambda: str(memory - metric(lan, four, "memory_available_bytes")))
    assert state(lan, four) == before
    assert max(taken.values()) <= STORM_BYTES, f"bytes of memory that each of them took: {taken}"
    assert wait_relayed(lan, six) is None
    relay = json.loads(ask(lan, four, "/status.json")[1])["relay"]
    assert relay["connect_p99_us"] <= CONNECT_P99_US, relay
    assert relay["connections_failed"] == 0, relay
