"""The TCP relays that bench-relay measures, each as its own processes in one namespace, pinned to one processor."""

import os
import pathlib
import re
import resource
import shutil
import subprocess
import time

from netns import stop
from waiting import wait_until

HERE = pathlib.Path(__file__).resolve().parent
NGINX_MODULES = "/usr/lib/nginx/modules"
CONNECTIONS_WANTED, PIPES_MAX = 10000, 1024
PORT, BULK_PORT = 1688, 1689


def connections_possible():
    """How many of CONNECTIONS_WANTED a process can hold: two descriptors each, and an eighth left for pipes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return min(CONNECTIONS_WANTED, (hard - 64) * 7 // 16)


def executable(name):
    """Debian keeps servers where a user's PATH does not look."""
    path = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    assert path, f"{name} is not installed"
    return path


def fill(template, **words):
    text = (HERE / template).read_text()
    for key, value in words.items():
        text = text.replace(f"@{key.upper()}@", str(value))
    return text


def children(pid):
    return [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Contestant:
    """Listens at LISTEN and passes on to UPSTREAM, both "ADDRESS:PORT". Bulk goes in at LISTEN_BULK."""

    name = title = package = None
    serious = True  # has its times and its idle memory taken

    def __init__(self, box, folder, listen, upstream, core):
        self.box = box
        self.folder = folder
        self.connections_max = connections_possible()
        self.listen = self.listen_bulk = listen
        self.upstream = upstream
        folder.mkdir(parents=True)
        self.child = box.start("taskset", "-c", core, *self.command(), log=folder / "log", **self.options())
        wait_until(self.is_listening, 10, f"{self.name} listens at {listen}", lambda: (folder / "log").read_text())

    def command(self):
        raise NotImplementedError

    def options(self):
        return {}

    def is_listening(self):
        assert self.child.poll() is None, f"{self.name} ended with status {self.child.returncode}"
        address, port = self.listen.split(":")
        return self.box.run("ss", "-Hltn", f"src {address} and sport = :{port}").strip()

    def pids(self):
        return [self.child.pid, *children(self.child.pid)]

    def cpu_s(self):
        """User and system time of its processes and of those that have ended."""
        seconds = 0.0
        for pid in self.pids():
            seconds += time.clock_gettime((~pid << 3) | 2)  # clock_getcpuclockid(3) of PID, nanoseconds
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            seconds += (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
        return seconds

    def memory_bytes(self):
        """Proportional set size of its processes: pages shared by two count half for each."""
        total = 0
        for pid in self.pids():
            text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += int(re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)[1]) * 1024
        return total

    def settle(self):
        """Waits until what the last run began has ended."""

    def close(self):
        stop(self.child)

    @classmethod
    def files(cls):
        """The executable first, then what it loads."""
        return [executable(cls.name)]

    @classmethod
    def size(cls):
        """(the executable, with its libraries), in bytes"""
        libraries = set()
        for path in cls.files():
            done = subprocess.run(["ldd", path], capture_output=True, text=True)
            libraries |= set(re.findall(r"(/\S+) \(0x", done.stdout)) if done.returncode == 0 else set()
        own = sum(os.stat(path).st_size for path in cls.files())
        return own, own + sum(os.stat(path).st_size for path in libraries)

    @classmethod
    def version(cls):
        done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", cls.package], capture_output=True, text=True)
        return f"{cls.title} {done.stdout or 'not from a package'}"


class Ours(Contestant):
    name, title = "ours", "relay"
    program = None  # set by the bench

    def command(self):
        return [self.program]

    def options(self):
        run = self.folder / "run"
        (run / "init").mkdir(parents=True)
        settings = {"listen": self.listen, "upstream": self.upstream, "max-connections": self.connections_max,
                    "max-connections-per-client": self.connections_max}
        (run / "init/config").write_text("".join(f"relay.{key}={value}\n" for key, value in settings.items()))
        return {"env": {**os.environ, "THIMBLE_RUN": str(run)}}

    @classmethod
    def files(cls):
        return [str(cls.program)]

    @classmethod
    def version(cls):
        done = subprocess.run(["git", "-C", str(HERE), "describe", "--always", "--dirty"], capture_output=True, text=True)
        return f"{cls.title} {done.stdout.strip() or 'of this tree'}"


class Haproxy(Contestant):
    name = title = package = "haproxy"

    def command(self):
        config = self.folder / "haproxy.cfg"
        self.listen_bulk = f"{self.listen.split(':')[0]}:{BULK_PORT}"
        config.write_text(fill("haproxy.cfg", listen=self.listen, listen_bulk=self.listen_bulk, upstream=self.upstream,
                               maxconn=self.connections_max + 16, maxpipes=PIPES_MAX))
        return [executable("haproxy"), "-db", "-f", config]


class Nginx(Contestant):
    name, title, package = "nginx", "nginx stream", "nginx"

    def command(self):
        config = self.folder / "nginx.conf"
        config.write_text(fill("nginx.conf", listen=self.listen, upstream=self.upstream, modules=NGINX_MODULES,
                               files=2 * self.connections_max + 64))
        return [executable("nginx"), "-p", self.folder, "-c", config]

    @classmethod
    def files(cls):
        return [executable("nginx"), f"{NGINX_MODULES}/ngx_stream_module.so"]


class Socat(Contestant):
    name = title = package = "socat"
    serious = False

    def command(self):
        address, port = self.listen.split(":")
        return [executable("socat"), f"TCP4-LISTEN:{port},bind={address},reuseaddr,fork,backlog=1024",
                f"TCP4:{self.upstream}"]

    def settle(self):
        wait_until(lambda: not children(self.child.pid), 20, "socat's children have ended")


CONTESTANTS = (Ours, Haproxy, Nginx, Socat)
