"""The log as a plain program in a namespace, its children and the kernel played by pipes; and real collectors."""

import collections
import os
import pathlib
import re
import signal
import socket
import threading

from netns import stop
from records import read_record
from servers import Server
from tree import HOST_BIN
from waiting import wait_until

# With the sanitizers and glibc; and as it is in the image, on musl.
PROGRAMS = {"glibc": HOST_BIN / "log", "musl": HOST_BIN.parent / "bin/log"}

Line = collections.namedtuple("Line", "ms level name text")


class Log:
    """The program in NAMESPACE with SOURCES, each the output of a child; its own lines are the source "log". A source
    "syslog:NAME" is the socket FOLDER/dev-log, which NAME has as /dev/log. SYSLOG: the setting. CLOCK: clock_source and clock_ntp of init/system. RUN_DIR: one that net writes to. LIBC: a key of PROGRAMS."""

    def __init__(self, namespace, folder, *sources, syslog="", run_dir=None, clock=("rtc", "synchronised"),
                 libc="glibc"):
        self.folder = pathlib.Path(folder)
        self.namespace = namespace
        self.program = PROGRAMS[libc]
        self.run_dir = pathlib.Path(run_dir) if run_dir else self.folder / "run"
        self.resolv_conf = self.folder / "resolv.conf"
        self.resolv_conf.touch()
        self.findings = self.folder / "sanitizer"
        for name in ("init", "net", "log"):
            (self.run_dir / name).mkdir(parents=True, exist_ok=True)
        self.ends = {}
        self.set_config(syslog)
        self.set_clock(*clock)
        self.start(*sources)

    def start(self, *sources):
        """Pipes as init makes them; the kernel's log gives one record a read, so its stand-in keeps their bounds."""
        inherited, arguments = [], []
        for name in ("log", *sources):
            if name.startswith("syslog:"):
                bound = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                bound.bind(str(self.folder / "dev-log"))
                ours, theirs = os.dup(bound.fileno()), bound.detach()
            elif name == "kernel":
                pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                ours, theirs = pair[0].detach(), pair[1].detach()
            else:
                theirs, ours = os.pipe()
            self.ends[name] = ours
            inherited.append(theirs)
            arguments.append(f"{name}:{theirs}")
        mount = f'mount --bind {self.resolv_conf} /etc/resolv.conf && exec "$0" "$@"'
        own = self.ends.pop("log")
        self.child = self.namespace.start(
            "unshare", "--mount", "sh", "-c", mount, self.program, *arguments, stderr=own, pass_fds=inherited,
            env={**os.environ, "THIMBLE_RUN": str(self.run_dir),
                 "ASAN_OPTIONS": f"log_path={self.findings}", "UBSAN_OPTIONS": f"log_path={self.findings}"})
        for fd in (own, *inherited):
            os.close(fd)
        self.wait(lambda record: record, "there is one")

    def write(self, source, data):
        """Blocks as a child would whose output nobody reads."""
        os.write(self.ends[source], data)

    def say(self, source, *lines):
        for line in lines:
            self.write(source, line.encode() + b"\n")

    def _rename_into(self, name, lines):
        path = self.run_dir / name
        new = path.with_name(path.name + ".new")
        new.write_text("".join(line + "\n" for line in lines))
        new.rename(path)

    def set_config(self, syslog):
        """The record init/config."""
        self._rename_into("init/config", [f"syslog={syslog}"])

    def set_clock(self, source, ntp):
        """The record init/system."""
        self._rename_into("init/system", [f"clock_source={source}", f"clock_ntp={ntp}"])

    def set_net(self, *log_servers):
        """The record net/resolver."""
        self._rename_into("net/resolver", [f"log_server.{n}={server}" for n, server in enumerate(log_servers, 1)] +
                          ["left_out=0"])

    def record(self):
        return read_record(self.run_dir, "log", "state")

    def lines(self, name=None):
        """All of log/lines, or those of the source NAME."""
        lines = []
        for line in (self.run_dir / "log/lines").read_text("ascii").splitlines():
            assert re.fullmatch(r"\d+ [0-7] \S{1,31} [ -~]{0,1024}", line), line
            ms, level, source, text = line.split(" ", 3)
            lines.append(Line(int(ms), int(level), source, text))
        return [line for line in lines if name in (None, line.name)]

    def texts(self, name=None):
        return [line.text for line in self.lines(name)]

    def wait(self, condition, what, deadline_s=30):
        """Waits until CONDITION of the record log/state holds, and returns the record."""
        def look():
            if self.child.poll() is not None:
                raise RuntimeError(f"log ended with status {self.child.returncode}: {self.finding()}")
            record = self.record()
            return record if condition(record) else None
        return wait_until(look, deadline_s, f"record log/state: {what}", self.shown)

    def wait_state(self, state, deadline_s=30, **others):
        expected = {"state": state, **others}
        return self.wait(lambda record: expected.items() <= record.items(), f"{expected}", deadline_s)

    def others_are_read_beside(self, flood):
        """While FLOOD runs, a quiet program's lines are there at once; then it has ended."""
        thread = threading.Thread(target=flood)
        thread.start()
        for number in range(10):
            self.say("quiet", f"quiet {number}")
            self.wait_line("quiet", f"quiet {number}$", deadline_s=10)
        thread.join(60)
        assert not thread.is_alive(), "the sender still waits to be read"

    def wait_line(self, name, regex, deadline_s=30):
        """Waits for a line of the source NAME, and returns its match."""
        def look():
            return next(filter(None, (re.search(regex, text) for text in self.texts(name))), None)
        return wait_until(look, deadline_s, f"a line of {name}: {regex}", self.shown)

    def wait_sent(self, deadline_s=60):
        """Until nothing is queued; what log says about that comes a moment later."""
        return self.wait(lambda record: record["queued"] == "0", "all is sent", deadline_s)

    def children(self):
        return open(f"/proc/{self.child.pid}/task/{self.child.pid}/children").read().split()

    def cpu_s(self):
        fields = pathlib.Path(f"/proc/{self.child.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def finding(self):
        return "".join(path.read_text() for path in self.folder.glob("sanitizer*"))

    def shown(self):
        try:
            own = "\n".join(f"{line.ms} {line.name}: {line.text}" for line in self.lines()[-40:])
        except OSError as error:
            own = repr(error)
        return f"{self.record()}\n{own}\n{self.finding()}"

    def exhibits(self):
        yield "log: record and last lines", self.shown()

    def close(self):
        """SIGTERM. The sanitizers make the status not 0 when memory was misused or leaked."""
        status = stop(self.child)
        for fd in self.ends.values():
            os.close(fd)
        assert status == 0, f"expected log to end with status 0, got {status}:\n{self.finding()}"


Message = collections.namedtuple("Message", "severity facility time host app procid msgid data text")
Data = collections.namedtuple("Data", "in_step sequence up_hundredths")


def parse_data(message):
    """The structured data of MESSAGE, which must be of the form that log sends."""
    found = re.fullmatch(r'\[timeQuality tzKnown="1" isSynced="([01])"\]\[meta sequenceId="(\d+)" sysUpTime="(\d+)"\]',
                         message.data)
    assert found, message
    return Data(*map(int, found.groups()))


class Collector(Server):
    """Takes TRANSPORT ("udp" or "tcp") at ADDRESS, port PORT, and writes what it understood, message by message."""

    def __init__(self, lan, folder, transport, address, port=514, name=None):
        super().__init__(lan, folder, name)
        self.transport, self.address, self.port = transport, address, port
        self.output = self.folder / "messages"
        self.log.touch()  # it may be one that is never started

    def url(self, port=True):
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.transport}://{host}" + (f":{self.port}" if port else "")

    def messages(self, app=None):
        """All that came in, also before it was stopped and started again; or those of the child APP."""
        text = self.output.read_text("ascii") if self.output.exists() else ""
        whole = text[:text.rfind("\n") + 1]
        messages = [Message(*line.split("|", 8)) for line in whole.splitlines()]
        return [message for message in messages if app in (None, message.app)]

    def wait_texts(self, app, expected, deadline_s=30):
        """Until the texts of APP are EXPECTED, a list."""
        wait_until(lambda: [message.text for message in self.messages(app)] == expected, deadline_s,
                   f"{self.name} has {len(expected)} lines of {app}: {expected[:3]} ...",
                   lambda: "\n".join(map(str, self.messages()[-20:])))

    def wait_exact(self, log, deadline_s=60):
        """Until nothing is queued and what came in, each line once and in order, and what was lost are all the lines
        that there were. Returns the record log/state."""
        def fits(record):
            sequence = [parse_data(message).sequence for message in self.messages()]
            assert sequence == sorted(set(sequence)), "in order, each once"
            total, lost = int(record["lines_total"]), int(record["lost"])
            return record["queued"] == "0" and len(sequence) == int(record["sent"]) == total - lost
        try:
            return log.wait(fits, f"all is at {self.name} but what was lost", deadline_s)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{len(self.messages())} messages") from error

    def pause(self):
        self.child.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.child.send_signal(signal.SIGCONT)

    def exhibits(self):
        yield from super().exhibits()
        yield f"{self.name}: messages", "\n".join(map(str, self.messages()[-40:]))


class Rsyslog(Collector):
    program, ready = "rsyslogd", "] start"

    def argv(self):
        return [self.path(), "-n", "-f", self.folder / "conf", "-i", self.folder / "pid"]

    def write_configuration(self):
        fields = "|".join(f"%{name}%" for name in (
            "syslogseverity", "syslogfacility", "timereported:::date-rfc3339", "hostname", "app-name", "procid",
            "msgid", "structured-data", "msg"))
        module = {"udp": "imudp", "tcp": "imtcp"}[self.transport]
        (self.folder / "conf").write_text(f"""
global(workDirectory="{self.folder}" maxMessageSize="2k" processInternalMessages="on")
module(load="{module}")
template(name="fields" type="string" string="{fields}\\n")
input(type="{module}" address="{self.address}" port="{self.port}" ruleset="all")
ruleset(name="all") {{
    action(type="omfile" file="{self.output}" template="fields" asyncWriting="off" flushOnTXEnd="on")
}}
action(type="omfile" file="{self.log}" flushOnTXEnd="on")
""")


class SyslogNg(Collector):
    """From the folder that its package is unpacked to: Debian does not let it be installed beside rsyslog."""

    program, ready = "syslog-ng", "starting up"
    root = HOST_BIN.parent / "check/syslog-ng/usr"

    def argv(self):
        libraries = self.root / "lib"
        modules = next((libraries / "syslog-ng").glob("[0-9]*"))
        paths = "LD_LIBRARY_PATH=" + ":".join(map(str, {path.parent for path in libraries.glob("**/*.so.*")}))
        return ["env", paths, self.root / "sbin/syslog-ng", "-F", "--no-caps", "--stderr", "-v", "-f",
                self.folder / "conf", "-R", self.folder / "persist", "-p", self.folder / "pid", "-c",
                self.folder / "control", f"--module-path={modules}"]

    def write_configuration(self):
        fields = "|".join(("${LEVEL_NUM}", "${FACILITY_NUM}", "${S_ISODATE}", "${HOST}", "${PROGRAM}", "${PID:--}",
                           "${MSGID:--}", "${SDATA}", "${MESSAGE}"))
        version = 6 if ":" in self.address else 4
        (self.folder / "conf").write_text(f"""@version: 3.38
options {{ keep-hostname(yes); frac-digits(3); time-zone("UTC"); stats-freq(0); create-dirs(no); }};
source s {{ syslog(ip("{self.address}") port({self.port}) transport("{self.transport}") ip-protocol({version})
            log-iw-size(100)); }};
destination d {{ file("{self.output}" template("{fields}\\n") template-escape(no) flush-lines(1)); }};
log {{ source(s); destination(d); }};
""")


COLLECTORS = [Rsyslog, SyslogNg]
