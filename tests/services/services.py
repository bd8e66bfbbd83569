"""The services that are tried: a row for each, with what it is made of, and its client.

A row's SOURCE(folder) makes what it is built of below FOLDER and returns (its path, options of tools/thimble-service). Its
CLIENT(client) uses it as people do, and fails when it does not serve."""

import collections
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))

import debs  # noqa: E402
import oci  # noqa: E402
from media import make_key  # noqa: E402
from waiting import wait_until  # noqa: E402

PYTHON = "/usr/lib/python3.11"
UPLOAD = bytes(range(256)) * (20 * 4096)

# How an image is started: suffix, what it is plugged in as, firmware.
Start = collections.namedtuple("Start", "suffix plugged firmware")
DIRECT = Start("efi", "kernel", "bios")
UEFI, UEFI_DISK = Start("efi", "kernel", "uefi"), Start("img", "virtio", "uefi")
BIOS_DISK, BIOS_CD = Start("img", "ide", "bios"), Start("iso", "cd", "bios")

# FULL: it writes much, and gets the memory for all of its places. QUICK: it is one of those in `make check`, and made of what is installed
# for that.
Service = collections.namedtuple("Service", "name kind by start source client full quick", defaults=(False, False))


def write(folder, files):
    """{path: text or bytes} below FOLDER; scripts may be executed."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        if path.read_bytes()[:2] == b"#!":
            path.chmod(0o755)
    return folder


# --- programs ---------------------------------------------------------------------------------------------------------------

DNSMASQ_CONF = """\
port=0
enable-tftp
tftp-root=/srv/tftp
"""


def dnsmasq(folder):
    write(folder, {"dnsmasq.conf": DNSMASQ_CONF, "tftp/hello.txt": "from the root\n", "tftp/large": "x" * 300000})
    return "/usr/sbin/dnsmasq", {"args": "--keep-in-foreground --log-facility=- --conf-file=/etc/dnsmasq.conf", "port": "69/udp",
                                 "file": f"{folder}/dnsmasq.conf:/etc/dnsmasq.conf {folder}/tftp:/srv/tftp"}


def dnsmasq_client(client):
    assert client.curl("tftp://{host}/hello.txt") == "from the root\n"
    assert len(client.curl("tftp://{host}/large")) == 300000


def python(folder):
    write(folder, {"www/index.html": "made of Python\n"})
    return "/usr/bin/python3", {"args": "-u -m http.server --directory /srv/www 8000", "port": "8000/tcp",
                                "file": f"{PYTHON}:{PYTHON} {folder}/www:/srv/www"}


def python_client(client):
    assert client.curl("http://{host}:8000/") == "made of Python\n"


def caddy(folder):
    write(folder, {"www/hello.txt": "served by caddy\n"})
    return debs.file("caddy", "usr/bin/caddy"), {
        "args": "file-server --root /srv/www --listen :8080", "port": "8080/tcp", "file": f"{folder}/www:/srv/www"}


def caddy_client(client):
    assert client.curl("http://{host}:8080/hello.txt") == "served by caddy\n"


def etcd(folder):
    return debs.file("etcd-server", "usr/bin/etcd"), {
        "args": "--data-dir /data/etcd --listen-client-urls http://0.0.0.0:2379 --advertise-client-urls http://127.0.0.1:2379",
        "port": "2379/tcp", "writable": "/data:160M", "env": "ETCD_LOG_LEVEL=warn"}


def etcd_client(client):
    tool = [debs.file("etcd-client", "usr/bin/etcdctl"), f"--endpoints=http://{client.host}:2379"]
    assert client.run("env", "ETCDCTL_API=3", *tool, "put", "key", "value") == "OK\n"
    assert client.run("env", "ETCDCTL_API=3", *tool, "get", "key") == "key\nvalue\n"


def gobgp(folder):
    write(folder, {"gobgpd.conf": '[global.config]\n  as = 64512\n  router-id = "192.0.2.9"\n'})
    return debs.file("gobgpd", "usr/bin/gobgpd"), {
        "args": "-f /etc/gobgpd.conf --api-hosts :50051", "port": "179/tcp 50051/tcp", "file": f"{folder}/gobgpd.conf:/etc/gobgpd.conf"}


def gobgp_client(client):
    shown = client.run(debs.file("gobgpd", "usr/bin/gobgp"), "-u", client.host, "global")
    assert "64512" in shown and "192.0.2.9" in shown, shown


def go_without_cgo(folder):
    subprocess.run(["go", "build", "-trimpath", "-o", folder / "go-static", HERE / "daemons/hello.go"], check=True,
                   env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "CGO_ENABLED": "0", "GOFLAGS": "-mod=mod", "GOPROXY": "off"})
    return folder / "go-static", {"args": ":8080", "port": "8080/tcp", "env": "GREETING=hello"}


def go_client(client):
    assert client.curl("http://{host}:8080/").startswith("hello from ")


# --- folders ----------------------------------------------------------------------------------------------------------------

NGINX_CONF = """\
user www-data;
worker_processes 1;
error_log /dev/stderr;
events { }
http {
    access_log /dev/stdout;
    client_max_body_size 32m;
    server {
        listen 443 ssl;
        ssl_certificate /etc/nginx/tls.crt;
        ssl_certificate_key /etc/nginx/tls.key;
        location / { root /srv/www; dav_methods PUT; create_full_put_path on; }
    }
}
"""


def nginx(folder):
    key, certificate = make_key(folder, "nginx.example")
    write(folder, {"nginx.conf": NGINX_CONF, "www/index.html": "nginx\n"})
    return debs.root(folder / "nginx", "nginx"), {
        "command": '/usr/sbin/nginx -g "daemon off;"', "port": "443/tcp",
        "file": f"{folder}/www:/srv/www:0644:33:33 {folder}/nginx.conf:/etc/nginx/nginx.conf "
                f"{certificate}:/etc/nginx/tls.crt {key}:/etc/nginx/tls.key:0400",
        "writable": "/srv/www:32M /var/lib/nginx:32M /:4M"}


def nginx_client(client):
    path = client.folder / "upload"
    path.write_bytes(UPLOAD)
    tls = ["--insecure", "--max-time", "120"]
    client.curl("https://{host}/upload", *tls, "--upload-file", path)
    client.curl("https://{host}/upload", *tls, "--output", client.folder / "back")
    assert (client.folder / "back").read_bytes() == UPLOAD
    assert "nginx.example" in client.run("sh", "-c", f"openssl s_client -connect {client.host}:443 </dev/null 2>/dev/null")


UNBOUND_CONF = """\
server:
    interface: 0.0.0.0
    access-control: 0.0.0.0/0 allow
    username: ""
    chroot: ""
    do-daemonize: no
    use-syslog: no
    logfile: ""
    local-zone: "example." static
    local-data: "www.example. A 192.0.2.80"
"""


def unbound(folder):
    write(folder, {"unbound.conf": UNBOUND_CONF})
    return debs.root(folder / "root", "unbound"), {
        "command": "/usr/sbin/unbound -p -c /etc/unbound/unbound.conf", "port": "53/udp 53/tcp",
        "file": f"{folder}/unbound.conf:/etc/unbound/unbound.conf"}


def unbound_client(client):
    dig = debs.command("bind9-dnsutils", "dig")
    for way in ("+notcp", "+tcp"):
        assert client.run(*dig, f"@{client.host}", way, "+short", "www.example", "A") == "192.0.2.80\n"


NODE_JS = """\
const http = require('http');
http.createServer((request, response) => response.end(`node ${process.env.GREETING}\\n`)).listen(3000);
process.on('SIGTERM', () => process.exit(0));
"""


def node(folder):
    debs.root(folder / "root", "nodejs")
    write(folder / "root", {"srv/server.js": NODE_JS})
    return folder / "root", {"command": "node server.js", "workdir": "/srv", "env": "GREETING=greets", "port": "3000/tcp",
                             "health": "http:3000/"}


def node_client(client):
    assert client.curl("http://{host}:3000/") == "node greets\n"


def busybox(folder):
    """/bin of the shell's containers as well."""
    write(folder, {"bin/busybox": debs.file("busybox-static", "bin/busybox").read_bytes()})
    (folder / "bin/busybox").chmod(0o755)
    for name in ("sh", "httpd", "sleep", "cat", "id", "wget", "touch", "test", "mkdir", "chown", "nc"):
        (folder / "bin" / name).symlink_to("busybox")
    return folder


def busybox_httpd(folder):
    write(busybox(folder / "busybox-httpd"), {"srv/index.html": "busybox\n"})
    return folder / "busybox-httpd", {"command": "httpd -f -v -p 80 -h /srv", "port": "80/tcp"}


def busybox_client(client):
    assert client.curl("http://{host}/") == "busybox\n"


# --- containers -------------------------------------------------------------------------------------------------------------

HAPROXY_CFG = """\
global
    log stdout format raw local0
defaults
    mode http
    timeout connect 20s
    timeout client 20s
    timeout server 20s
frontend web
    bind :8080
    http-request return status 200 content-type text/plain string "haproxy\\n" if { path /own }
    default_backend there
backend there
    server one 192.0.2.1:8000
"""


def haproxy(folder):
    """As `docker save` writes it, with nothing but the program: no shell."""
    image = oci.docker_archive(
        folder / "haproxy.tar", debs.program_layer("/usr/sbin/haproxy"),
        oci.layer(oci.folder("etc"), oci.folder("etc/haproxy"), oci.entry("etc/haproxy/haproxy.cfg", HAPROXY_CFG.encode())),
        config={"Entrypoint": ["/usr/bin/haproxy"], "Cmd": ["-f", "/etc/haproxy/haproxy.cfg"], "User": "65532:65532",
                "WorkingDir": "/etc/haproxy", "ExposedPorts": {"8080/tcp": {}}, "StopSignal": "SIGUSR1"}, tag="haproxy:2.6")
    return image, {}


def haproxy_client(client):
    assert client.curl("http://{host}:8080/own") == "haproxy\n"
    write(client.folder, {"behind/index.html": "behind haproxy\n"})
    client.lan.start("/usr/bin/python3", "-m", "http.server", "--bind", "192.0.2.1", "--directory", client.folder / "behind", "8000",
                     log=client.folder / "behind.log")
    wait_until(lambda: client.curl("http://{host}:8080/") == "behind haproxy\n", 60, "the server behind HAProxy answers")


def redis(folder):
    """As `docker save` writes it, with a data folder of redis' own."""
    root = debs.root(folder / "root", "redis-server")
    write(root, {"etc/passwd": "root:x:0:0::/root:/bin/sh\nredis:x:999:999::/data:/bin/false\n", "etc/group": "root:x:0:\nredis:x:999:\n"})
    (root / "data").mkdir()
    image = oci.docker_archive(
        folder / "redis.tar", debs.folder_layer(root, {"/data": (999, 999)}),
        config={"Entrypoint": ["redis-server"], "Cmd": ["--protected-mode", "no", "--dir", "/data"], "User": "redis", "WorkingDir": "/data",
                "Env": ["PATH=/usr/bin:/bin"], "ExposedPorts": {"6379/tcp": {}}, "Volumes": {"/data": {}}}, tag="redis:7")
    return image, {}


def redis_client(client):
    redis_cli = [*debs.command("redis-tools", "redis-cli"), "-h", client.host]
    assert client.run(*redis_cli, "set", "key", "x" * 1000) == "OK\n"
    assert "started" in client.run(*redis_cli, "bgsave")
    wait_until(lambda: "rdb_last_bgsave_time_sec:-1" not in client.run(*redis_cli, "info", "persistence"), 60, "redis has saved")
    assert "rdb_last_bgsave_status:ok" in client.run(*redis_cli, "info", "persistence")


def node_exporter(folder):
    """One image for two platforms, as an OCI archive."""
    layout = oci.Layout()
    config = {"Entrypoint": ["/usr/bin/prometheus-node-exporter"], "User": "65534", "ExposedPorts": {"9100/tcp": {}}}
    program = debs.program_layer(debs.file("prometheus-node-exporter", "usr/bin/prometheus-node-exporter"))
    for architecture, layer in (("arm64", oci.layer(oci.entry("usr/bin/prometheus-node-exporter", b"not this one", mode=0o755))),
                                ("amd64", program)):
        layout.image(layer, config=config, architecture=architecture, platform={"architecture": architecture, "os": "linux"})
    return layout.archive(folder / "node-exporter.tar"), {"sys": True}


def node_exporter_client(client):
    assert "node_memory_MemTotal_bytes" in client.curl("http://{host}:9100/metrics")


PROMETHEUS_YML = """\
scrape_configs:
  - job_name: itself
    scrape_interval: 2s
    static_configs: [{targets: ['127.0.0.1:9090']}]
"""


def prometheus(folder):
    """An OCI layout with Zstandard layers."""
    layout = oci.Layout()
    layout.image(debs.program_layer("/usr/bin/prometheus"),
                 oci.layer(oci.folder("etc"), oci.entry("etc/prometheus.yml", PROMETHEUS_YML.encode()),
                           oci.folder("prometheus", uid=65534, gid=65534)),
                 config={"Entrypoint": ["/usr/bin/prometheus"], "User": "65534:65534", "WorkingDir": "/prometheus",
                         "Cmd": ["--config.file=/etc/prometheus.yml", "--storage.tsdb.path=/prometheus"],
                         "ExposedPorts": {"9090/tcp": {}}, "Volumes": {"/prometheus": {}}}, packed="+zstd")
    return layout.folder(folder / "prometheus"), {}


def prometheus_client(client):
    def found():
        answer = json.loads(client.curl("http://{host}:9090/api/v1/query?query=up"))
        return [row for row in answer["data"]["result"] if row["value"][1] == "1"]
    wait_until(found, 120, "Prometheus scrapes itself")


ENTRYPOINT = """\
#!/bin/sh
set -e
mkdir -p /data/www
echo "$GREETING from $(id -u):$(id -g) in $PWD" > /data/www/index.html
chown -R 33:33 /data/www
sleep 100000 &
httpd -u 33:33 -f -p 8081 -h /data/www &
exec "$@"
"""


def shell(folder):
    """Several processes behind a shell's entrypoint."""
    root = busybox(folder / "root")
    write(root, {"entrypoint.sh": ENTRYPOINT, "etc/passwd": "root:x:0:0::/:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n",
                 "etc/group": "root:x:0:\napp:x:1000:\n"})
    layout = oci.Layout()
    layout.image(debs.folder_layer(root), config={
        "Entrypoint": ["/entrypoint.sh"], "Cmd": ["httpd", "-f", "-p", "8080", "-h", "/data/www"], "Env": ["PATH=/bin", "GREETING=hello"],
        "WorkingDir": "/home/app", "ExposedPorts": {"8080/tcp": {}, "8081/tcp": {}}, "Volumes": {"/data": {}}, "StopSignal": "SIGINT",
        "Healthcheck": {"Test": ["CMD-SHELL", "wget -q -O /dev/null http://127.0.0.1:8081/ && touch /data/www/healthy"],
                        "Interval": 2_000_000_000, "Timeout": 20_000_000_000, "Retries": 3}})
    return layout.archive(folder / "shell.tar"), {"env": "GREETING='good day'"}


def shell_client(client):
    for port in (8080, 8081):
        assert client.curl(f"http://{{host}}:{port}/") == "good day from 0:0 in /home/app\n"
    wait_until(lambda: client.curl("http://{host}:8080/healthy", "--head"), 60, "the health check has run")


ALL = [
    Service("busybox-httpd", "root", "make", BIOS_CD, busybox_httpd, busybox_client, quick=True),
    Service("dnsmasq", "binary", "make", DIRECT, dnsmasq, dnsmasq_client, quick=True),
    Service("haproxy", "container", "tool", DIRECT, haproxy, haproxy_client, quick=True),
    Service("python-http", "binary", "tool", BIOS_DISK, python, python_client, quick=True),
    Service("shell", "container", "tool", UEFI_DISK, shell, shell_client, quick=True),
    Service("nginx", "root", "make", UEFI, nginx, nginx_client, full=True),
    Service("redis", "container", "make", BIOS_DISK, redis, redis_client),
    Service("unbound", "root", "tool", BIOS_CD, unbound, unbound_client),
    Service("caddy", "binary", "tool", UEFI_DISK, caddy, caddy_client),
    Service("node-exporter", "container", "make", DIRECT, node_exporter, node_exporter_client),
    Service("prometheus", "container", "tool", DIRECT, prometheus, prometheus_client),
    Service("etcd", "binary", "tool", BIOS_CD, etcd, etcd_client, full=True),
    Service("gobgpd", "binary", "make", BIOS_DISK, gobgp, gobgp_client),
    Service("go-static", "binary", "make", UEFI, go_without_cgo, go_client),
    Service("node", "root", "tool", DIRECT, node, node_client),
]

# Of the machine's archive; what `make check` has installed is taken as it is.
PACKAGES = ("busybox-static", "nginx", "redis-server", "redis-tools", "unbound", "bind9-dnsutils", "caddy", "prometheus-node-exporter",
            "etcd-server", "etcd-client", "gobgpd", "nodejs")

HEAD = """| service | from | by | started as | file, bytes | memory, MB | free, MB | seconds |
|---|---|---|---|---|---|---|---|
"""
FROM = {"binary": "program", "root": "folder", "container": "container"}
BY = {"make": "`make`", "tool": "`thimble-service`"}
FIRMWARE = {("kernel", "bios"): "`-kernel`", ("kernel", "uefi"): "UEFI, `.efi`"}


def table(results):
    """Of what RESULTS has, a folder of files that served.record() wrote."""
    text = HEAD
    for service in ALL:
        row = json.loads((results / f"{service.name}.json").read_text())
        suffix, plugged, firmware = row["start"]
        started = FIRMWARE.get((plugged, firmware), f"{firmware.upper()}, `.{suffix}`")
        text += (f"| {service.name} | {FROM[service.kind]} | {BY[service.by]} | {started} | {row['bytes']:,} | {row['memory_mb']} | "
                 f"{row['free_mb']} | {row['seconds']} |\n")
    return text


def write_table(results, document):
    before, begin, rest = document.read_text().partition("<!-- services: begin")
    line, _, after = rest.partition("\n")
    document.write_text(f"{before}{begin}{line}\n{table(results)}<!-- services: end -->{after.partition('<!-- services: end -->')[2]}")


if __name__ == "__main__":
    if sys.argv[1:] == ["fetch"]:
        # Outside of the tests' namespaces, which have no network.
        for package in PACKAGES:
            debs.fetch(package)
    else:
        write_table(debs.CACHE / "results", debs.TREE / "docs/services.md")
