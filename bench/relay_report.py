"""What bench-relay writes: a table in Markdown, a plot in SVG, and a line for each figure that is due."""

import pathlib
import platform
import statistics

from relay_contestants import CONNECTIONS_WANTED, CONTESTANTS

KEPT_FROM = "\n## What was tried\n"  # by hand, and kept when the table is written anew

# figure: (in words, divisor for the table, its unit)
FIGURES = {
    "connections_per_s": ("connections per second", 1, ""),
    "connections_per_cpu_s": ("connections per CPU second", 1, ""),
    "bulk1_bytes_per_s": ("1 bulk stream, per second", 1e6, "MB"),
    "bulk1_bytes_per_cpu_s": ("1 bulk stream, per CPU second", 1e6, "MB"),
    "bulk64_bytes_per_s": ("64 bulk streams, per second", 1e6, "MB"),
    "bulk64_bytes_per_cpu_s": ("64 bulk streams, per CPU second", 1e6, "MB"),
    "p50_latency": ("p50 latency at half load", 1e-6, "µs"),
    "p99_latency": ("p99 latency at half load", 1e-6, "µs"),
    "idle10k_memory": (f"memory with {CONNECTIONS_WANTED:,} idle connections", 1e6, "MB"),
}
DUE = ("connections_per_cpu_s", "bulk1_bytes_per_cpu_s", "bulk64_bytes_per_cpu_s", "p99_latency", "idle10k_memory")
LESS_IS_BETTER = ("p99_latency", "idle10k_memory")

HOW = """## How it was measured
Every contestant is pinned to processor {bench.proxy_core}, in a network namespace of its own. The load,
`bench/relay-load.c`, is clients and host in one process on processor {bench.load_core}, in a second namespace; a veth
joins the two. Each of the {bench.rounds} rounds has fresh networks and processes, for one start of a process may be a tenth
faster than the next one of the same. In it every figure is taken {bench.turns} times for {bench.seconds} s, one contestant after the
other, and who is first moves on from turn to turn: what else the machine does meets all alike. What the contestants
write goes to memory, as in the appliance (ours: its record, four times a second).

Cells are medians of all turns, with the least and the most. "ratio" is the median of ours by that of HAProxy; "by
turns" is the median of the turns' own ratios. Figures per CPU second bear a busy machine, latency does not: the load
average stands above.

- **Connections**: {bench.at_once} at once (socat: {bench.at_once_socat}), a new one for each question and answer of 250 bytes;
  the client closes first. Each byte is compared, and the end is waited for on both sides.
- **CPU seconds**: user and system time of the contestant's processes, ended ones included, from before the load
  starts until it has ended. Work that the kernel does for the network in the context of a process counts as that
  process's: the same for all.
- **Bulk**: from the host to clients for {bench.seconds} s. What came is what was sent. HAProxy takes bulk at a second
  port, where it splices everything (`bench/haproxy.cfg`).
- **Latency**: from connect() to the last byte of the answer. New clients come at random times, half as many a second as
  the slowest of the three took just before: the same ones at the same times for all three.
- **Memory**: proportional set size (`smaps_rollup`) of the contestant's processes with {bench.idle:,} connections that have
  passed a question and an answer{extended}.
  What the kernel holds for the sockets comes on top and is the same for all.
- **Executable**: the file (nginx: with its stream module), and with the shared libraries that it loads.

socat forks for each connection. Half of the others' rate and 10,000 idle connections are not for it.
"""


def _cell(values, figure):
    if not values:
        return "-"
    _, divisor, unit = FIGURES[figure]
    digits = 2 if figure == "idle10k_memory" else 0
    low, middle, high = (f"{f(values) / divisor:,.{digits}f}" for f in (min, statistics.median, max))
    return f"{middle}{' ' + unit if unit else ''} ({low} to {high})"


def _processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _rows(bench, medians):
    for figure, (words, _, _) in FIGURES.items():
        values = {c.name: bench.values.get((figure, c.name), []) for c in CONTESTANTS}
        by_turns = statistics.median(a / b for a, b in zip(values["ours"], values["haproxy"]))
        ratio = medians[figure, "ours"] / medians[figure, "haproxy"]
        yield [words, *(_cell(values[c.name], figure) for c in CONTESTANTS), f"{ratio:.3f}", f"{by_turns:.3f}"]
    sizes = {c.name: c.size() for c in CONTESTANTS}
    yield ["executable, with libraries", *(f"{own / 1e6:.2f} MB, {full / 1e6:.2f} MB" for own, full in sizes.values()),
           f"{sizes['ours'][0] / sizes['haproxy'][0]:.3f}", ""]


def write_table(path, bench, medians, load):
    old = path.read_text() if path.exists() else ""
    extended = "" if bench.idle == CONNECTIONS_WANTED else (
        f". No process may have more files open here,\n  so what they added is extended to {CONNECTIONS_WANTED:,}")
    head = ["", *(c.version() for c in CONTESTANTS), "ratio", "by turns"]
    lines = ["# The relay beside HAProxy, nginx and socat\n\n",
             "`make bench-relay` wrote this, but for \"What was tried\"; bench/relay.py says how.\n\n",
             f"{_processor()}, Linux {platform.release()}, {bench.rounds} round(s), load average {load}.\n\n",
             *("| " + " | ".join(row) + " |\n" for row in (head, ["---"] * len(head), *_rows(bench, medians))),
             f"\n![the figures as bars]({path.with_suffix('.svg').name})\n\n",
             HOW.format(bench=bench, extended=extended)]
    kept = old[old.index(KEPT_FROM):] if KEPT_FROM in old else ""
    path.write_text("".join(lines) + kept)


def print_due(medians):
    for figure in DUE:
        ours, haproxy = medians[figure, "ours"], medians[figure, "haproxy"]
        print(f"{figure} ours={ours:.6g} haproxy={haproxy:.6g} ratio={ours / haproxy:.3f}")


WIDTH, LABEL, BAR, GAP, LONGEST = 760, 250, 14, 16, 2.5
COLOURS = {"ours": "#2f81f7", "haproxy": "#8b949e", "nginx": "#3fb950", "socat": "#d29922"}
STYLE = ("text{font:12px sans-serif;fill:#444}.n{fill:#444}line{stroke:#888}"
         "@media(prefers-color-scheme:dark){text,.n{fill:#ccc}}")


def write_plot(path, medians):
    """Bars against HAProxy's, which is 1; those over LONGEST are cut and say so."""
    scale = (WIDTH - LABEL - 90) / LONGEST
    shapes, y = [], 30
    for figure in DUE:
        names = [c.name for c in CONTESTANTS if (figure, c.name) in medians]
        better = "shorter is better" if figure in LESS_IS_BETTER else "longer is better"
        middle = y + len(names) * BAR / 2
        shapes.append(f'<text x="8" y="{middle:.0f}">{FIGURES[figure][0]}</text>'
                      f'<text x="8" y="{middle + 15:.0f}" opacity=".7">{better}</text>')
        for name in names:
            value = medians[figure, name] / medians[figure, "haproxy"]
            length = min(value, LONGEST) * scale
            shapes.append(f'<rect x="{LABEL}" y="{y}" width="{length:.1f}" height="{BAR - 2}" fill="{COLOURS[name]}"/>'
                          f'<text x="{LABEL + length + 5:.1f}" y="{y + BAR - 4}">{name} {value:.2f}'
                          f'{" (cut)" if value > LONGEST else ""}</text>')
            y += BAR
        y += GAP
    one = LABEL + scale
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" viewBox="0 0 {WIDTH} {y}">'
        f"<style>{STYLE}</style>"
        f'<text x="{one:.0f}" y="16" text-anchor="middle">HAProxy = 1</text>'
        f'<line x1="{one:.1f}" y1="22" x2="{one:.1f}" y2="{y - GAP / 2:.0f}" stroke-dasharray="3 3"/>'
        + "\n".join(shapes) + "</svg>\n")
