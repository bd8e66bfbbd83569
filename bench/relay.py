#!/usr/bin/python3 -B
"""The relay beside HAProxy, nginx and socat, for `make bench-relay`. Writes a table and a plot, and ends with a
line for each figure that is due.

    namespace load, processor 1            namespace box, processor 0
    clients 192.0.2.1 ------- veth ------- 192.0.2.11 ours       -+
    host    192.0.2.1:2001... ------------ 192.0.2.12 haproxy ... +- one at a time, the others wait

Every round has networks and processes of its own; in it each figure is taken of one contestant after the
other, in several short turns, and who is first changes from turn to turn. Run by tools/in-namespaces."""

import argparse
import contextlib
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

TREE = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TREE / "tests/lib")]

import relay_report  # noqa: E402
from netns import Namespace, connect_veth  # noqa: E402
from relay_contestants import CONNECTIONS_WANTED, CONTESTANTS, PORT, Ours, connections_possible  # noqa: E402

DEADLINE_S = 60
HOST = "192.0.2.1"
SETTINGS = {"net.ipv4.ip_local_port_range": "10000 65535", "net.ipv4.tcp_tw_reuse": 1,
            "net.ipv4.tcp_congestion_control": "reno"}  # the one that every kernel has


class Bench:
    proxy_core, load_core = 0, 1
    seconds, warm_up_s = 0.6, 0.2
    turns = 3
    at_once, at_once_socat = 64, 8

    def __init__(self, load, rounds):
        self.load = load
        self.rounds = rounds
        self.idle = connections_possible()
        self.values = {}  # {(figure, contestant): a value for each round}

    def add(self, figure, contestant, value):
        self.values.setdefault((figure, contestant.name), []).append(value)

    def argv(self, network, contestant, mode, number, seconds):
        target = contestant.listen_bulk if mode == "bulk" else contestant.listen
        return network.command("taskset", "-c", self.load_core, self.load, mode, *target.split(":"),
                               *contestant.upstream.split(":"), number, seconds)

    def run(self, network, contestant, mode, number, seconds=None):
        """One run of the load; returns (its results, CPU seconds that the contestant took)."""
        before = contestant.cpu_s()
        done = subprocess.run(self.argv(network, contestant, mode, number, seconds or self.seconds), capture_output=True, text=True,
                              timeout=DEADLINE_S)
        assert done.returncode == 0, f"{contestant.name}, {mode} {number}: {done.stderr}"
        contestant.settle()
        results = {key: float(value) for key, value in (line.split("=") for line in done.stdout.splitlines())}
        return results, contestant.cpu_s() - before

    def connections(self, network, contestant):
        at_once = self.at_once if contestant.serious else self.at_once_socat
        results, cpu_s = self.run(network, contestant, "connections", at_once)
        self.add("connections_per_s", contestant, results["connections"] / results["seconds"])
        self.add("connections_per_cpu_s", contestant, results["connections"] / cpu_s)

    def bulk(self, network, contestant, streams):
        results, cpu_s = self.run(network, contestant, "bulk", streams)
        self.add(f"bulk{streams}_bytes_per_s", contestant, results["bytes"] / results["seconds"])
        self.add(f"bulk{streams}_bytes_per_cpu_s", contestant, results["bytes"] / cpu_s)

    def latency(self, network, contestant):
        """At half of what the slowest of the three took in the last turn: the same for all."""
        slowest = min(self.values["connections_per_s", c.name][-1] for c in CONTESTANTS if c.serious)
        results, _ = self.run(network, contestant, "rate", int(slowest / 2))
        self.add("p50_latency", contestant, results["p50_us"] / 1e6)
        self.add("p99_latency", contestant, results["p99_us"] / 1e6)

    def memory(self, network, contestant):
        before = contestant.memory_bytes()
        with subprocess.Popen(self.argv(network, contestant, "idle", self.idle, DEADLINE_S), stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as load:
            ready = load.stdout.readline()
            during = contestant.memory_bytes()
            load.communicate(timeout=DEADLINE_S)
        assert ready == f"ready={self.idle}\n" and load.returncode == 0, f"{contestant.name}: idle: {ready!r}"
        self.add("idle10k_memory", contestant, before + (during - before) * CONNECTIONS_WANTED / self.idle)

    def take_turns(self, running, measure):
        """MEASUREs every one of RUNNING in short turns, so that what else the machine does meets all alike."""
        for turn in range(self.turns):
            at = turn % len(running)
            for contestant in running[at:] + running[:at]:
                if contestant.serious or turn == 0:
                    measure(contestant)

    def round(self, number):
        # /run is memory, as it is in the appliance: ours keeps its record there, the others nothing.
        with tempfile.TemporaryDirectory(dir="/run") as folder, contextlib.ExitStack() as stack:
            load, box = (stack.enter_context(contextlib.closing(Namespace(label))) for label in ("load", "box"))
            connect_veth(load, "eth0", box, "eth0")
            load.ip("address", "add", f"{HOST}/24", "dev", "eth0")
            for namespace in (load, box):
                for name, value in SETTINGS.items():
                    namespace.sysctl(name, f"'{value}'")
            running = []
            for at, kind in enumerate(CONTESTANTS, 1):
                address = f"192.0.2.{10 + at}"
                box.ip("address", "add", f"{address}/24", "dev", "eth0")
                running.append(stack.enter_context(contextlib.closing(kind(
                    box, pathlib.Path(folder) / kind.name, f"{address}:{PORT}", f"{HOST}:{2000 + at}", self.proxy_core))))
            turn = number % len(running)
            running = running[turn:] + running[:turn]
            serious = [c for c in running if c.serious]
            for contestant in running:
                self.run(load, contestant, "connections", self.at_once_socat, self.warm_up_s)
            self.take_turns(running, lambda c: self.connections(load, c))
            self.take_turns(running, lambda c: self.bulk(load, c, 1))
            self.take_turns(running, lambda c: self.bulk(load, c, 64))
            self.take_turns(serious, lambda c: self.latency(load, c))
            for contestant in serious:
                self.memory(load, contestant)

    def measure(self):
        for number in range(self.rounds):
            self.round(number)
            last = "  ".join(f"{c.name} {self.values['connections_per_cpu_s', c.name][-1]:,.0f}" for c in CONTESTANTS)
            print(f"  BENCH    round {number + 1} of {self.rounds}, connections per CPU second: {last}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("relay", type=pathlib.Path)
    parser.add_argument("--load", type=pathlib.Path, required=True, help="relay-load.c, compiled")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--output", type=pathlib.Path, required=True, help="a .md file; the plot goes beside it")
    options = parser.parse_args()
    assert os.cpu_count() >= 2, "one processor for the relay and one for the load are needed"
    Ours.program = options.relay.resolve()
    bench = Bench(options.load.resolve(), options.rounds)
    load_before = os.getloadavg()[0]
    bench.measure()
    medians = {key: statistics.median(values) for key, values in bench.values.items()}
    relay_report.write_plot(options.output.with_suffix(".svg"), medians)
    relay_report.write_table(options.output, bench, medians, f"{load_before:.1f} before, {os.getloadavg()[0]:.1f} after")
    relay_report.print_due(medians)


if __name__ == "__main__":
    main()
