#!/usr/bin/python3 -B
"""What scraping costs the relay, for `make bench-web`: how many connections a second a processor has for it that also answers
SCRAPES requests of /metrics a second, and one that does not. Writes a table.

    namespace load, processor 1             namespace box, processor 0
    clients, host, scraper 192.0.2.1 -- veth -- 192.0.2.2 relay :1688, web :80

Clients and scraper share a processor, so connections are not counted by the second but by the relay's processor time, and what
the page takes of each second is taken off: that bears a busy machine. With and without take turns. Run by tools/in-namespaces."""

import argparse
import contextlib
import http.client
import os
import pathlib
import statistics
import sys
import tempfile
import threading
import time

TREE = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TREE / "tests/lib")]

from console import Records  # noqa: E402
from netns import Namespace, connect_veth  # noqa: E402
from waiting import wait_until  # noqa: E402

SCRAPES, SECONDS, AT_ONCE, DUE = 50, 1, 64, 0.95
HOST, BOX = "192.0.2.1", "192.0.2.2"
SETTINGS = {"net.ipv4.ip_local_port_range": "10000 65535", "net.ipv4.tcp_tw_reuse": 1}


class Scraper(threading.Thread):
    """GET /metrics SCRAPES times a second until `over`; `done` counts the answers."""

    def __init__(self, load):
        super().__init__()
        self.load, self.over, self.done = load, threading.Event(), 0

    def run(self):
        next_s = time.monotonic()
        with self.load.entered():
            while not self.over.wait(max(0, next_s - time.monotonic())):
                next_s += 1 / SCRAPES
                connection = http.client.HTTPConnection(BOX, timeout=10)
                connection.request("GET", "/metrics")
                answer = connection.getresponse()
                assert answer.status == 200 and b"thimble_relay_connections_total" in answer.read()
                connection.close()
                self.done += 1


def start(stack, folder, programs):
    """The networks and the two programs. Returns the namespace of the load, and the programs."""
    load, box = (stack.enter_context(contextlib.closing(Namespace(label))) for label in ("load", "box"))
    connect_veth(load, "eth0", box, "eth0")
    for namespace, address in ((load, HOST), (box, BOX)):
        namespace.ip("address", "add", f"{address}/24", "dev", "eth0")
        for name, value in SETTINGS.items():
            namespace.sysctl(name, f"'{value}'")
    records = Records(folder / "run")
    records.well()
    records.remove("service", "relay")
    records.write("init", "config", **{"relay.upstream": f"{HOST}:2001"})
    environment = {**os.environ, "THIMBLE_RUN": str(records.dir)}
    children = [box.start("taskset", "-c", 0, program.resolve(), log=folder / "log", env=environment) for program in programs]
    wait_until((records.dir / "service/relay").exists, 10, "the relay listens", (folder / "log").read_text)
    wait_until(lambda: load.connect(BOX, 80).close() or True, 10, "web listens", (folder / "log").read_text)
    return load, children


def cpu_s(child):
    return int(pathlib.Path(f"/proc/{child.pid}/schedstat").read_text("ascii").split()[0]) / 1e9


def turn(load, program, children, scraping):
    """Connections for a second of the processor, scrapes a second, the page's share of the processor."""
    scraper = Scraper(load)
    relay_before, web_before = map(cpu_s, children)
    if scraping:
        scraper.start()
    output = load.run("taskset", "-c", 1, program, "connections", BOX, 1688, HOST, 2001, AT_ONCE, SECONDS, timeout=60)
    if scraping:
        scraper.over.set()
        scraper.join()
    relay_s, web_s = (cpu_s(child) - before for child, before in zip(children, (relay_before, web_before)))
    result = {key: float(value) for key, value in (line.split("=", 1) for line in output.splitlines())}
    share = web_s / result["seconds"]
    return result["connections"] / relay_s * (1 - share), scraper.done / result["seconds"], share


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("programs", nargs=2, type=pathlib.Path, metavar="PROGRAM", help="relay and web, as in the guest")
    parser.add_argument("--load", type=pathlib.Path, required=True, help="relay-load.c, compiled")
    parser.add_argument("--turns", type=int, default=70)
    parser.add_argument("--output", type=pathlib.Path, required=True, help="a .md file")
    options = parser.parse_args()
    os.sched_setaffinity(0, {1})
    # /run is memory, as it is in the appliance.
    with tempfile.TemporaryDirectory(dir="/run") as folder, contextlib.ExitStack() as stack:
        load, children = start(stack, pathlib.Path(folder), options.programs)
        turn(load, options.load, children, False)
        values = {False: [], True: []}
        for number in range(options.turns):
            for scraping in ((False, True), (True, False))[number % 2]:
                values[scraping].append(turn(load, options.load, children, scraping))
    without, with_scrapes = ([rate for rate, _, _ in values[scraping]] for scraping in (False, True))
    scrapes, share = (statistics.median(value[at] for value in values[True]) for at in (1, 2))
    low, ratio, high = statistics.quantiles((b / a for a, b in zip(without, with_scrapes)), n=4)
    options.output.write_text(f"""# What scraping costs the relay

`make bench-web` wrote this; bench/web.py says how. Relay and page on one processor, {options.turns} turns of {SECONDS} s with and without.

| | median |
|---|---|
| connections through the relay for a second of the processor | {statistics.median(without):,.0f} |
| the same, with {scrapes:.0f} requests of `/metrics` a second | {statistics.median(with_scrapes):,.0f} |
| the page's share of the processor then | {share:.3f} |
| with : without, turn by turn | {ratio:.3f} (quartiles {low:.3f}, {high:.3f}) |
""", "ascii")
    print(f"  BENCH    relay with {scrapes:.0f} scrapes a second: {ratio:.3f} of what it does without "
          f"({low:.3f} to {high:.3f}); due: {DUE}", flush=True)
    return 0 if ratio >= DUE else 1


sys.exit(main())
