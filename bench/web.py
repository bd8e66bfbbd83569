#!/usr/bin/python3 -B
"""What scraping costs the relay, for `make bench-web`: its throughput with and without 50 requests of /metrics a second.
Writes a table, and ends with a line for the figure that is due.

    namespace load, processor 1            namespace box, processor 0
    clients, host, scraper -- veth ------- relay, web

The appliance has one processor for both, so they share one here. In each round, with networks and processes of its
own, turns with and without the scraper alternate, and which is first changes. Run by tools/in-namespaces."""

import argparse
import contextlib
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

TREE = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TREE / "tests/lib")]

from console import Records  # noqa: E402
from netns import Namespace, connect_veth, stop  # noqa: E402
from relay_contestants import PORT, Ours  # noqa: E402
from waiting import wait_until  # noqa: E402

BOX, HOST, WEB_PORT = "192.0.2.11", "192.0.2.1", 80
SCRAPES_PER_S = 50
DUE_SHARE = 0.05
PROXY_CORE, LOAD_CORE = 0, 1


class Scraper:
    """Asks for PATH, SCRAPES_PER_S times a second, until it is stopped; each answer must be whole."""

    def __init__(self, network, path):
        self.network = network
        self.request = f"GET {path} HTTP/1.1\r\nHost: {BOX}\r\nConnection: close\r\n\r\n".encode()
        self.done = self.bytes = 0
        self.error = None
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def scrape(self):
        with socket.create_connection((BOX, WEB_PORT), timeout=5) as client:
            client.sendall(self.request)
            answer = b"".join(iter(lambda: client.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 200 "), f"got {answer[:200]!r}"
        self.done += 1
        self.bytes = len(answer)

    def _run(self):
        os.sched_setaffinity(0, {LOAD_CORE})  # of this thread
        due = time.monotonic()
        with self.network.entered():
            while not self.ended.wait(max(0, due - time.monotonic())):
                due += 1 / SCRAPES_PER_S
                try:
                    self.scrape()
                except (OSError, AssertionError) as error:
                    self.error = error
                    return

    def stop(self):
        self.ended.set()
        self.thread.join()
        if self.error is not None:
            raise self.error


class Bench:
    def __init__(self, options):
        self.options = options
        self.connections = {False: [], True: []}  # a second, by whether it was scraped
        self.ratios = []
        self.web_cpu = []  # seconds for each request
        self.scrapes_per_s = []
        self.answer_bytes = 0

    def load(self, network, seconds):
        done = subprocess.run(network.command("taskset", "-c", LOAD_CORE, self.options.load, "connections", BOX, PORT,
                                              HOST, 2001, 64, seconds), capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        results = dict(line.split("=") for line in done.stdout.splitlines())
        return float(results["connections"]) / float(results["seconds"])

    def start_web(self, box, run, folder):
        records = Records(run)  # the relay has made its part of the folder
        for part in (records.system, records.service, records.nic):
            part()
        records.log([f"line {number} of the log" for number in range(40)])
        web = box.start("taskset", "-c", PROXY_CORE, self.options.web, log=folder / "web.log",
                        env={**os.environ, "THIMBLE_RUN": str(run)})
        wait_until(lambda: box.run("ss", "-Hltn", f"sport = :{WEB_PORT}").strip(), 10, "web listens",
                   (folder / "web.log").read_text)
        return web

    def turn(self, network, web, scraped):
        before = cpu_s(web.pid)
        start = time.monotonic()
        scraper = Scraper(network, "/metrics") if scraped else None
        rate = self.load(network, self.options.seconds)
        if scraper is not None:
            scraper.stop()
            self.web_cpu.append((cpu_s(web.pid) - before) / scraper.done)
            self.scrapes_per_s.append(scraper.done / (time.monotonic() - start))
            self.answer_bytes = scraper.bytes
        self.connections[scraped].append(rate)
        return rate

    def round(self, number):
        with tempfile.TemporaryDirectory(dir="/run") as name, contextlib.ExitStack() as stack:
            folder = pathlib.Path(name)
            load, box = (stack.enter_context(contextlib.closing(Namespace(label))) for label in ("load", "box"))
            connect_veth(load, "eth0", box, "eth0")
            for namespace, address in ((load, HOST), (box, BOX)):
                namespace.ip("address", "add", f"{address}/24", "dev", "eth0")
                namespace.sysctl("net.ipv4.ip_local_port_range", "'10000 65535'")
                namespace.sysctl("net.ipv4.tcp_tw_reuse", 1)
            stack.enter_context(contextlib.closing(Ours(box, folder / "relay", f"{BOX}:{PORT}", f"{HOST}:2001", PROXY_CORE)))
            web = self.start_web(box, folder / "relay/run", folder)
            stack.callback(stop, web)
            self.load(load, 0.3)
            for turn in range(self.options.turns):
                order = [False, True] if (number + turn) % 2 == 0 else [True, False]
                rates = {scraped: self.turn(load, web, scraped) for scraped in order}
                self.ratios.append(rates[True] / rates[False])

    def measure(self):
        for number in range(self.options.rounds):
            self.round(number)
            print(f"  BENCH    round {number + 1} of {self.options.rounds}: scraped by not scraped "
                  f"{statistics.median(self.ratios):.3f} up to now", flush=True)


def cpu_s(pid):
    return time.clock_gettime((~pid << 3) | 2)  # clock_getcpuclockid(3) of PID


TABLE = """# What scraping costs the relay

`make bench-web` wrote this; bench/web.py says how. {rounds} rounds of {turns} turns of {seconds} s, each with and without
{wanted} requests of `/metrics` a second. Relay and web share one processor, as in the appliance.

| | median (least to most) |
| --- | --- |
| connections a second, not scraped | {quiet} |
| connections a second, scraped | {scraped} |
| scraped by not scraped, each turn's own | {ratio} |
| requests of `/metrics` a second | {scrapes} |
| CPU time of web for each | {cpu} |
| bytes of an answer | {bytes:,} |
"""


def cell(values, form):
    return f"{form(statistics.median(values))} ({form(min(values))} to {form(max(values))})"


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--relay", type=pathlib.Path, required=True)
    parser.add_argument("--web", type=pathlib.Path, required=True)
    parser.add_argument("--load", type=pathlib.Path, required=True, help="relay-load.c, compiled")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--turns", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    options = parser.parse_args()
    assert os.cpu_count() >= 2, "one processor for relay and web and one for the load are needed"
    Ours.program = options.relay.resolve()
    options.web, options.load = options.web.resolve(), options.load.resolve()
    bench = Bench(options)
    bench.measure()
    per_s = "{:,.0f}".format
    options.output.write_text(TABLE.format(
        rounds=options.rounds, turns=options.turns, seconds=options.seconds, wanted=SCRAPES_PER_S,
        quiet=cell(bench.connections[False], per_s), scraped=cell(bench.connections[True], per_s),
        ratio=cell(bench.ratios, "{:.3f}".format), scrapes=cell(bench.scrapes_per_s, "{:.1f}".format),
        cpu=cell([value * 1e6 for value in bench.web_cpu], "{:,.0f} µs".format), bytes=bench.answer_bytes))
    lost = 1 - statistics.median(bench.ratios)
    print(f"  BENCH    {SCRAPES_PER_S} scrapes a second take {lost:.1%} of the relay's throughput; due: less than {DUE_SHARE:.0%}: "
          f"{'met' if lost < DUE_SHARE else 'NOT met'}")


if __name__ == "__main__":
    main()
