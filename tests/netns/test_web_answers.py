"""The status page's server tells what the records say, in the form that was asked for, to those who may ask and to nobody else."""

import json
import pathlib
import re
import subprocess

import html5lib
import jsonschema
import pytest

from console import boot_ms
from netns import Lan
from waiting import wait_until
from web import Web, box_on

TREE = pathlib.Path(__file__).resolve().parent.parent.parent
SCHEMA = json.loads((TREE / "docs/status.schema.json").read_text("ascii"))
FIELDS = {"Connection": "close", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
          "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin"}
TYPES = {"/": "text/html; charset=utf-8", "/status.json": "application/json",
         "/metrics": "text/plain; version=0.0.4; charset=utf-8", "/healthz": "text/plain; charset=utf-8",
         "/log": "text/plain; charset=utf-8"}
HOSTILE = "<script>alert(1)</script> & \"x\" 'y' \\x1b[2J \\ %s %n"


@pytest.fixture
def web(keep, tmp_path):
    web = keep(Web(tmp_path))
    web.records.well()
    return web


def status_of(web):
    status = json.loads(web.get("/status.json"))
    jsonschema.validate(status, SCHEMA)
    return status


def page_of(web):
    """By the parser of the HTML standard, which takes no mistake here."""
    page = web.get("/")
    html5lib.HTMLParser(strict=True).parse(page)
    return page


def check_metrics(text):
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, f"promtool: {done.stdout}{done.stderr}"


def test_only_under_its_own_names(web):
    """What a site's name, led here by its DNS, makes a browser ask for is not told; a balancer may ask under any."""
    def status(host, path="/status.json"):
        return int(web.say(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()).split()[1])
    web.records.write_raw("net", "resolver", "search.1=corp.example dhcp4 eth0 forever\nleft_out=0\n")
    for host in ("192.0.2.5:8080", "[2001:db8::5]", "localhost", "RELAY1", "relay1.corp.example:80"):
        wait_until(lambda: status(host) == 200, 20, f"Host: {host}")
    for path in set(TYPES) - {"/healthz"}:
        assert status("site.example", path) == 421
    assert status("relay1.site.example") == 421
    assert status("site.example", "/healthz") == 200


@pytest.mark.parametrize("path", TYPES)
def test_fields(web, path):
    answer, body = web.ask(path)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == TYPES[path]
    assert int(answer.headers["Content-Length"]) == len(body) > 0
    assert {name: answer.headers[name] for name in FIELDS} == FIELDS
    policy = answer.headers.get("Content-Security-Policy", "")
    assert ("default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy) == (path == "/")
    head, nothing = web.ask(path, method="HEAD")
    assert (head.status, nothing, head.headers["Content-Type"]) == (200, "", TYPES[path])


def test_other_paths_and_methods(web):
    for path in ("/index.html", "/status", "/metrics/", "/%2e%2e/etc/passwd", "/log/lines"):
        web.get(path, 404)
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "CONNECT", "get"):
        answer, _ = web.ask("/", method=method, body="x=1" if method == "POST" else None)
        assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD"), method
    assert web.get("/healthz?deep=1") == "ok\n"


def test_curl(web):
    """A client with ways of its own: HTTP/1.0, an absolute target, a body that waits for leave."""
    def curl(*words):
        return subprocess.run(["curl", "-sS", "-m", "20", *words], capture_output=True, text=True, check=True).stdout
    assert curl("-0", web.url("/healthz")) == "ok\n"
    assert curl("-x", web.url(), "http://elsewhere/healthz") == "ok\n"
    assert curl("-g", web.url("/healthz", "[::1]")) == "ok\n"
    assert curl("-o", "/dev/null", "-w", "%{http_code}", "-d", "x" * 5000, "-H", "Expect: 100-continue", web.url()) == "405"


def test_health(web):
    assert web.get("/healthz") == "ok\n"
    web.records.service(state="waiting", last_exit="killed by SIGSEGV", next_start_ms=boot_ms() + 4000)
    assert web.get("/healthz", 503).startswith("Not ready: relay failed (killed by SIGSEGV), next start in ")
    web.records.service()
    web.records.nic(address=["fe80::1/64 link-local forever"], no_address_since_ms=boot_ms() - 3600000)
    assert web.get("/healthz", 503).startswith("Not ready: no address yet on eth0 (DHCP: bound, 1 h 0 min)")
    web.records.nic()
    web.records.relay(state="no upstream", upstream=[], upstream_source=[], upstream_connect_us=[])
    assert web.get("/healthz", 503).startswith("Not ready: no upstream set")
    web.records.relay(upstream=["10.0.0.5:1688 down refused", "10.0.0.6:1688 up"])
    assert web.get("/healthz") == "ok\n"


def test_ports_of_the_service(web):
    """All of them name the port that is not listened to."""
    web.records.remove("service", "relay")
    web.records.service(name="daemon", port=["8080/tcp", "53/udp"], port_state=["listening", "listening"])
    assert web.get("/healthz") == "ok\n"
    web.records.service(name="daemon", port=["8080/tcp", "53/udp"], port_state=["loopback", "listening"])
    words = "Not ready: daemon listens on loopback only, which the network cannot reach: port 8080/tcp"
    assert web.get("/healthz", 503) == f"{words}\n"
    assert words in page_of(web)
    status = status_of(web)
    assert status["verdict"]["text"] == words
    assert status["service"]["port_states"] == [{"port": "8080/tcp", "state": "loopback"},
                                                {"port": "53/udp", "state": "listening"}]
    text = web.get("/metrics")
    check_metrics(text)
    for sample in ("thimble_healthy 0", "thimble_service_up 1", 'thimble_service_port_listening{port="8080/tcp"} 0',
                   'thimble_service_port_listening{port="53/udp"} 1'):
        assert f"\n{sample}\n" in text, sample


def test_json(web):
    status = status_of(web)
    assert status["verdict"] == {"ready": True, "attention": False, "text": "Ready: relay to 10.0.0.5:1688"}
    assert (status["system"]["appliance"], status["system"]["hostname"]) == ("kms-relay", "relay1")
    assert status["service"]["pid"] == 77
    assert status["relay"]["upstreams"] == [
        {"endpoint": "10.0.0.5:1688", "state": "up", "source": "setting", "connect_us": 412}]
    assert [a["address"] for a in status["nics"][0]["addresses"] if a["usable"]] == ["192.0.2.77/24", "2001:db8::77/64"]
    assert status["log"]["lines"][-1]["text"] == "line 40 of the log"
    web.records.service(state="waiting", restarts=2, last_exit="exit status 3", next_start_ms=boot_ms() + 4000)
    status = status_of(web)
    assert status["verdict"]["ready"] is False
    assert (status["service"]["restarts"], status["relay"]) == (2, {"state": "not running"})


def test_metrics(web):
    web.records.write("init", "child.net", name="net", state="running", since_ms=boot_ms(), restarts=2)
    text = web.get("/metrics")
    check_metrics(text)
    for sample in ("thimble_healthy 1", "thimble_service_up 1", "thimble_relay_connections 3", "thimble_relay_connections_total 1204",
                   'thimble_program_restarts_total{name="net"} 2', 'thimble_nic_addresses{nic="eth0"} 2',
                   'thimble_relay_upstream_connect_seconds{upstream="10.0.0.5:1688",source="setting"} 0.000412'):
        assert f"\n{sample}\n" in text, sample


def test_metrics_are_documented(web):
    """docs/monitoring.md has each that is told, with its labels and what it means. The page is made of the lists that the
    program is made of (tests/host/test_records_are_documented.py), so it has no others."""
    web.records.system(clock_ntp="synchronised", clock_offset_us=-5)
    web.records.write("log", "state", lines_total=4, state="sending")
    web.records.write("agent", "state", backend="qemu", state="connected")
    web.records.write("init", "child.net", name="net", state="running", since_ms=1)
    web.records.nic("lo")  # which each kernel counts packets of
    web.records.service(port_state=["listening"])
    text = web.get("/metrics")
    told = {name: re.findall(r'(\w+)="', labels) for name, labels in re.findall(r"^(thimble_\w+)(\{.*\})? ", text, re.M)}
    helps = {name: help.rstrip(".") for name, help in re.findall(r"^# HELP (\S+) (.*)$", text, re.M)}
    page = (TREE / "docs/monitoring.md").read_text("ascii")
    rows = {name: (re.findall(r"`(\w+)`", labels), help)
            for name, labels, help in re.findall(r"^\| `(thimble_\w+)` \| (.*) \| (.*) \|$", page, re.M)}
    assert len(told) > 40
    assert {name: (labels, helps[name]) for name, labels in told.items()} == {name: rows.get(name) for name in told}


def test_collector_and_hypervisor(web):
    assert "agent" not in status_of(web)
    web.records.write("log", "state", state="failed", collector="tcp://192.0.2.9:514", collector_origin="setting", sent=7, lost=31,
                      limited=2, error="Connection refused", lines_total=40)
    web.records.write("agent", "state", backend="qemu", state="connected", requests=3, last_request="guest-ping")
    status = status_of(web)
    assert status["syslog"] == {"state": "failed", "collector": "tcp://192.0.2.9:514", "collector_origin": "setting",
                                "error": "Connection refused", "sent": 7, "lost": 31, "queued": 0, "limited": 2}
    assert status["agent"] == {"backend": "qemu", "state": "connected", "requests": 3, "refused": 0, "last_request": "guest-ping"}
    text = web.get("/metrics")
    check_metrics(text)
    for sample in ("thimble_syslog_up 0", "thimble_syslog_sent_total 7", "thimble_syslog_lost_total 31",
                   "thimble_log_limited_total 2", "thimble_agent_requests_total 3"):
        assert f"\n{sample}\n" in text, sample


def test_log(web):
    """Dates by a clock that somebody has set, else the time since boot."""
    web.lines([(1000, 6, "relay", "started"), (2000, 3, "net", "trouble <b>")])
    lines = web.get("/log").splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == ["info relay: started", "error net: trouble <b>"]
    assert lines[0].startswith("20") and lines[0].split()[0].endswith("Z")
    web.records.system(clock_source="none")
    assert web.get("/log") == "1.000s info relay: started\n2.000s error net: trouble <b>\n"
    web.records.write_raw("log", "lines", "torn")
    assert web.get("/log", 503) == "log/lines is unreadable\n"
    web.records.remove("log", "lines")
    assert web.get("/log", 503) == "no lines yet\n"
    web.lines([(number, 6, "relay", "x" * 40) for number in range(1150)])
    assert len(web.get("/log").splitlines()) == 1150


def test_before_any_record(keep, tmp_path):
    web = keep(Web(tmp_path))
    assert web.get("/healthz", 503) == "Starting: no record from init yet\n"
    assert "Starting: no record from init yet" in page_of(web)
    assert status_of(web)["programs"] == []
    check_metrics(web.get("/metrics"))


def test_hostile_records(web):
    records = web.records
    records.system(hostname=HOSTILE, machine=HOSTILE, settings_refused=1, setting_refused=[HOSTILE])
    records.service(name=HOSTILE, last_exit=HOSTILE)
    records.relay(hint=HOSTILE, upstream=[f"{HOSTILE.replace(' ', '')} down {HOSTILE}"], guard=HOSTILE)
    records.nic(mac=HOSTILE, dhcp4=HOSTILE, address=[f"{HOSTILE.replace(' ', '')} dhcp x {HOSTILE}"])
    records.write("net", "resolver", server=[HOSTILE], search=[HOSTILE])
    records.write("log", "state", state=HOSTILE, collector=HOSTILE, collector_origin=HOSTILE, error=HOSTILE, sent="-1")
    records.write("agent", "state", backend=HOSTILE, state=HOSTILE, error=HOSTILE, requests=HOSTILE)
    records.log([HOSTILE])
    page = page_of(web)
    assert "<script>alert" not in page and page.count("<script>") == 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;x&quot; &#39;y&#39;" in page
    assert status_of(web)["log"]["lines"][0]["text"] == HOSTILE
    check_metrics(web.get("/metrics"))
    # Not even of the form that writers keep to: bytes that no record has.
    for name, bad in (("system", b"hostname=\xff\xfe<\x1b[2J\x07\nstate=running\n"), ("service", b"torn"), ("child.x", b"\0=\n")):
        (records.dir / "init" / name).write_bytes(bad)
    assert all(" " <= c <= "~" or c == "\n" for path in TYPES if path != "/healthz" for c in web.get(path))
    assert status_of(web)["service"]["record"] == "unreadable"
    page_of(web)
    check_metrics(web.get("/metrics"))


def test_who_may_ask(keep, tmp_path):
    """On-link, then prefixes of both families; who may not is reset before a byte is read, and counted."""
    lan = keep(Lan("192.0.2.1/24", "2001:db8:1::1/64"))
    box = box_on(lan, keep, "192.0.2.2/24", "2001:db8:1::2/64")
    client = box_on(lan, keep, "192.0.2.9/24", "2001:db8:1::9/64", "198.51.100.9/24")
    box.ip("route", "add", "default", "via", "192.0.2.9")
    client.ip("route", "add", "192.0.2.2", "dev", "eth0", "src", "198.51.100.9")  # from elsewhere, as over a router
    web = keep(Web(tmp_path, namespace=box))
    web.records.well()

    def answers(host):
        try:
            return web.get("/healthz", host=host, source=client) == "ok\n"
        except ConnectionError:
            return False

    def refused():
        return json.loads(web.get("/status.json"))["web"]["refused"]["not_allowed"]
    wait_until(lambda: "0% packet loss" in client.run("ping", "-c1", "-W1", "2001:db8:1::2", check=False), 10, "IPv6 between them")
    assert answers("2001:db8:1::2") and not answers("192.0.2.2")
    assert refused() == 1
    client.ip("route", "del", "192.0.2.2", "dev", "eth0")
    wait_until(lambda: answers("192.0.2.2"), 10, "on-link by IPv4")
    web.restart(status_allow="198.51.100.0/24,2001:db8:1::9,127.0.0.0/8")
    assert answers("2001:db8:1::2") and not answers("192.0.2.2")
    client.ip("route", "add", "192.0.2.2", "dev", "eth0", "src", "198.51.100.9")
    assert answers("192.0.2.2")
    web.restart(status_allow="192.0.2.0/24,127.0.0.0/8")
    assert not answers("2001:db8:1::2") and not answers("192.0.2.2")
    assert refused() == 2


def test_another_port(web):
    old = web.port
    web.port = 18080
    web.restart()
    assert web.get("/healthz") == "ok\n"
    web.port = old
    with pytest.raises(ConnectionRefusedError):
        web.get("/healthz")


def test_off(keep, tmp_path, web):
    web.close()
    web.records.write("init", "config", **{"status-port": 0})
    done = subprocess.run([web.program], env={"THIMBLE_RUN": str(web.records.dir)}, capture_output=True, text=True, timeout=20)
    assert (done.returncode, "off by the setting status-port=0" in done.stderr) == (0, True)
