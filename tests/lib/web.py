"""The status page as a plain program, with records written by hand, and clients of it."""

import http.client
import os
import pathlib
import socket
import subprocess

from console import Records
from netns import Namespace, stop
from tree import HOST_BIN
from waiting import wait_until

PROGRAM = HOST_BIN / "web"
GUEST_PROGRAM = HOST_BIN.parent / "bin/web"  # as it is in the image
PORT = 80


class Web:
    """The program, in NAMESPACE or, without one, on a free port of loopback. RECORDS is a Records (console.py)."""

    def __init__(self, folder, records=None, namespace=None, program=PROGRAM, **settings):
        self.folder = pathlib.Path(folder)
        self.records = records or Records(self.folder / "run")
        self.namespace, self.program = namespace, program
        self.log = self.folder / "web.log"
        self.port = PORT if namespace else free_port()
        self.start(**settings)

    def start(self, **settings):
        """status_allow="192.0.2.0/24" is status-allow."""
        known = {"status-port": self.port, "status-allow": "on-link"}
        known.update({key.replace("_", "-"): value for key, value in settings.items()})
        self.records.write("init", "config", **known)
        environment = {**os.environ, "THIMBLE_RUN": str(self.records.dir)}
        if self.namespace:
            self.child = self.namespace.start(self.program, log=self.log, env=environment)
        else:
            with open(self.log, "ab") as log:
                self.child = subprocess.Popen([self.program], stdin=subprocess.DEVNULL, stderr=log, env=environment)
        wait_until(lambda: "listening on port" in self.log_text().rpartition("---")[2], 20, "web listens", self.log_text)

    def restart(self, **settings):
        """As init does when settings have changed."""
        assert stop(self.child) == 0, self.log_text()
        with open(self.log, "a", encoding="ascii") as log:
            log.write("---\n")
        self.start(**settings)

    def url(self, path="/", host="127.0.0.1"):
        return f"http://{host}:{self.port}{path}"

    def lines(self, lines):
        """The log's lines, each (MS, LEVEL, NAME, TEXT)."""
        self.records.write_raw("log", "lines", "".join(" ".join(map(str, line)) + "\n" for line in lines))

    def ask(self, path="/", method="GET", host="127.0.0.1", source=None, body=None):
        """The answer (http.client.HTTPResponse) and its body as text. SOURCE: a Namespace to ask from."""
        connection = http.client.HTTPConnection(host, self.port, timeout=20)
        connection.sock = self.connect(host, source)
        try:
            connection.request(method, path, body=body)
            answer = connection.getresponse()
            return answer, answer.read().decode("ascii")
        finally:
            connection.close()

    def get(self, path, status=200, **options):
        answer, body = self.ask(path, **options)
        assert answer.status == status, f"{path}: expected {status}, got {answer.status}: {body}"
        return body

    def connect(self, host="127.0.0.1", source=None, timeout=20):
        source = source or self.namespace
        if source:
            return source.connect(host, self.port, timeout)
        return socket.create_connection((host, self.port), timeout=timeout)

    def say(self, data, **options):
        """Sends DATA and returns all that comes back, until the end of the connection."""
        with self.connect(**options) as client:
            client.sendall(data)
            return read_all(client)

    def resident_kb(self):
        for line in pathlib.Path(f"/proc/{self.child.pid}/status").read_text("ascii").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise AssertionError("no VmRSS")

    def log_text(self):
        return self.log.read_bytes().decode("utf-8", "replace")

    def exhibits(self):
        yield "web: log", self.log_text()[-8000:]

    def close(self):
        """SIGTERM. The sanitizers make the status not 0 when memory was misused or leaked."""
        status = stop(self.child)
        assert status == 0, f"expected web to end with status 0, got {status}:\n{self.log_text()}"


def free_port():
    with socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::", 0))
        return probe.getsockname()[1]


def read_all(client):
    """Until the peer ends the stream; a reset ends it too."""
    data = b""
    try:
        while chunk := client.recv(65536):
            data += chunk
    except ConnectionError:
        pass
    return data


def box_on(lan, keep, *addresses):
    """A namespace on LAN, eth0 with ADDRESSES."""
    box = keep(Namespace("box"))
    lan.attach(box)
    box.sysctl("net.ipv6.conf.eth0.accept_dad", 0)
    for address in addresses:
        box.ip("address", "add", address, "dev", "eth0", *(["nodad"] if ":" in address else []))
    return box
