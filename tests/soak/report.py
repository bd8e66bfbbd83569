"""What a campaign has shown: a summary in words, a table of the kinds, and the times to recovery as a histogram."""

import statistics

BOUNDS_S = [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128]
WIDTH, LABEL, BAR, GAP = 760, 110, 18, 6
STYLE = ("text{font:12px sans-serif;fill:#444}rect{fill:#2f81f7}"
         "@media(prefers-color-scheme:dark){text{fill:#ccc}}")


def binned(seconds):
    """How many are at most each of BOUNDS_S, and more than the one before."""
    edges = [0, *BOUNDS_S]
    return [sum(low < value <= high for value in seconds) for low, high in zip(edges, BOUNDS_S)]


def histogram(path, title, seconds):
    counts, y, shapes = binned(seconds), 34, [f'<text x="8" y="18">{title}</text>']
    scale = (WIDTH - LABEL - 60) / max([1, *counts])
    for bound, count in zip(BOUNDS_S, counts):
        shapes.append(f'<text x="8" y="{y + 13}">at most {bound:g} s</text>'
                      f'<rect x="{LABEL}" y="{y}" width="{count * scale:.1f}" height="{BAR}"/>'
                      f'<text x="{LABEL + count * scale + 6:.1f}" y="{y + 13}">{count}</text>')
        y += BAR + GAP
    path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" viewBox="0 0 {WIDTH} {y}">'
                    f"<style>{STYLE}</style>" + "\n".join(shapes) + "</svg>\n")


def table(lines):
    """Rows of text: a kind, how often, seconds to recovery (median, most), what was wrong."""
    yield "| kind | faults | median, s | most, s | wrong |"
    yield "|---|---|---|---|---|"
    for kind in sorted({line.kind for line in lines}):
        of_kind = [line for line in lines if line.kind == kind]
        seconds = [line.seconds for line in of_kind]
        yield (f"| {kind} | {len(of_kind)} | {statistics.median(seconds):.1f} | {max(seconds):.1f} | "
               f"{sum(bool(line.faults) for line in of_kind)} |")


def write(folder, campaign, counts, seconds):
    """Returns the exit status: 1 when anything was wrong or has leaked."""
    lines, leaks = campaign.lines, campaign.leaks()
    wrong = [line for line in lines if line.faults]
    starts = sum(line.kind == "plug" for line in lines)
    title = f"{len(lines)} faults, seed {campaign.seed}: from the end of the fault to all well"
    histogram(folder / "recovery.svg", title, [line.seconds for line in lines])
    rests = [f"| {rest.machine} | {rest.number} | {rest.memory_kib} | {rest.init_kib} | {rest.init_files} | {rest.relay_files} | "
             f"{rest.processes} | {rest.records} |" for rest in campaign.rests]
    text = [f"# {title}", "",
            f"{seconds / 60:.0f} minutes, {campaign.world.machines} machines, {starts} plugs pulled, {counts['exchanges']} exchanges, "
            f"{counts['sessions']} sessions, {counts['bytes']} bytes compared, {counts['wrong']} wrong, "
            f"{campaign.world.scrapes.answers} scrapes, {len(campaign.world.scrapes.torn)} torn.", "", *table(lines), "",
            "| machine | after fault | memory, KiB | init, KiB | its files | the relay's | processes | records |",
            "|---|---|---|---|---|---|---|---|", *rests, "", "![recovery](recovery.svg)", "",
            *[f"WRONG {line}" for line in wrong], *[f"LEAK {leak}" for leak in leaks]]
    (folder / "report.md").write_text("\n".join(text) + "\n")
    print(f"{len(lines)} faults, {len(wrong)} wrong, {len(leaks)} leaks, {starts} plugs pulled: {folder}/report.md")
    return 1 if wrong or leaks else 0
