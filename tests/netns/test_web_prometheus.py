"""A real Prometheus scrapes the page for a minute, without a miss; the dashboard asks for what there is and nothing else."""

import json
import os
import pathlib
import re
import subprocess
import urllib.parse
import urllib.request

import pytest

from netns import stop
from waiting import wait_until
from web import Web, free_port

TREE = pathlib.Path(__file__).resolve().parent.parent.parent
CONFIG = """
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: thimble
    static_configs: [{targets: ["127.0.0.1:%d"]}]
"""


class Prometheus:
    """The server, in the foreground, with a folder and a port of its own."""

    def __init__(self, folder, config):
        self.folder, self.port = pathlib.Path(folder), free_port()
        self.log = self.folder / "prometheus.log"
        (self.folder / "prometheus.yml").write_text(config, "ascii")
        subprocess.run(["promtool", "check", "config", self.folder / "prometheus.yml"], check=True, capture_output=True)
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(
                ["prometheus", f"--config.file={self.folder / 'prometheus.yml'}", f"--storage.tsdb.path={self.folder / 'tsdb'}",
                 f"--web.listen-address=127.0.0.1:{self.port}"], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, "GOMAXPROCS": "1"})

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return json.load(answer)["data"]

    def ask(self, query):
        """The values of an instant query, by their labels: {(("reason", "guard"),): 3.0}."""
        result = self.get("/api/v1/query?" + urllib.parse.urlencode({"query": query}))["result"]
        skip = ("__name__", "job", "instance")
        return {tuple(sorted((k, v) for k, v in one["metric"].items() if k not in skip)): float(one["value"][1]) for one in result}

    def value(self, query):
        """The one value of QUERY; None when there is not exactly one."""
        values = list(self.ask(query).values())
        return values[0] if len(values) == 1 else None

    def exhibits(self):
        yield "prometheus: log", self.log.read_text("utf-8")[-4000:]

    def close(self):
        stop(self.child)


@pytest.mark.deadline(150)
def test_a_minute_of_prometheus(keep, tmp_path):
    web = keep(Web(tmp_path))
    web.records.well()
    server = keep(Prometheus(tmp_path, CONFIG % web.port))
    wait_until(lambda: server.value("thimble_relay_connections_total") == 1204, 30, "the first scrape")
    # A restart of the service is seen as one.
    web.records.service(state="waiting", restarts=0, last_exit="killed by SIGSEGV", next_start_ms=0)
    wait_until(lambda: server.value("thimble_healthy") == 0, 20, "it is not healthy")
    web.records.service(pid=78, restarts=1, last_exit="killed by SIGSEGV")
    web.records.relay(connections_total=1304, refused_guard=7)
    wait_until(lambda: server.value("thimble_healthy") == 1, 20, "it is healthy again")
    restarts = 'increase(thimble_program_restarts_total{name="relay"}[1m])'
    wait_until(lambda: (server.value(restarts) or 0) > 0, 20, "one restart")
    assert server.ask("thimble_relay_refused_total")[("reason", "guard"),] == 7
    wait_until(lambda: (server.value("count_over_time(up[3m])") or 0) >= 60, 100, "a minute of scrapes")
    assert server.value("min_over_time(up[3m])") == 1, "a scrape failed"
    assert server.value("max_over_time(scrape_duration_seconds[3m])") < 1
    # Each metric came with its type and its help, and was not taken for another.
    known = {name: entry[0] for name, entry in server.get("/api/v1/metadata").items() if name.startswith("thimble_")}
    assert all(entry["help"] and entry["type"] in ("gauge", "counter") for entry in known.values()), known
    assert all((entry["type"] == "counter") == name.endswith("_total") for name, entry in known.items())


def queries(dashboard):
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield target["expr"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]


def test_the_dashboard(keep, tmp_path):
    """What Grafana needs of a dashboard is there, its panels do not lie over each other, and each query is one that Prometheus
    takes, of metrics that the page has. Grafana itself was not at hand."""
    web = keep(Web(tmp_path))
    web.records.well()
    web.records.system(clock_ntp="synchronised", clock_server="192.0.2.1", clock_offset_us=-312)
    metrics = set(re.findall(r"^# TYPE (\S+)", web.get("/metrics"), re.M))
    dashboard = json.loads((TREE / "deploy/grafana/thimble.json").read_text("ascii"))
    assert dashboard["title"] and dashboard["uid"] and dashboard["schemaVersion"] >= 36 and dashboard["id"] is None
    assert [entry["name"] for entry in dashboard["__inputs"]] == ["DS_PROMETHEUS"]
    ids, cells = [], []
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        assert panel["title"] and panel["type"] in ("stat", "timeseries", "table") and place["x"] + place["w"] <= 24
        assert panel["datasource"] == {"type": "prometheus", "uid": "${DS_PROMETHEUS}"}
        assert panel["targets"] and all(target["refId"] for target in panel["targets"])
        ids.append(panel["id"])
        cells += [(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])]
    assert len(set(ids)) == len(ids) and len(set(cells)) == len(cells)
    server = keep(Prometheus(tmp_path, CONFIG % web.port))
    wait_until(lambda: server.value("thimble_healthy") == 1, 30, "the first scrape")
    asked = list(queries(dashboard))
    assert len(asked) >= 10
    for query in asked:
        names = set(re.findall(r"thimble_\w+", query))
        assert names and names <= metrics, f"{query}: {names - metrics} is no metric of the page"
        if not query.startswith("label_values("):
            server.ask(query.replace("$instance", ".*").replace("$__rate_interval", "1m"))
