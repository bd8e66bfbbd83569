"""What a service sends to /dev/log, by real senders, stands beside the lines of its output, and a flood takes nobody's place;
lines of several processes on one pipe stay whole."""

import collections
import os
import socket
import subprocess
import sys

from log import Log
from tree import HOST_BIN

MUSL_CC = HOST_BIN.parent / "toolchain/cc"

# syslog(3), as a program uses it. The host's Python goes through glibc's, this one through musl's.
SENDER = """
#include <syslog.h>
int main(void)
{
	syslog(LOG_NOTICE, "no name");
	openlog("musl", LOG_PID, LOG_DAEMON);
	syslog(LOG_ERR, "one %d\\ntwo", 1);
	return 0;
}
"""
GLIBC = """
import syslog
syslog.openlog("glibc", syslog.LOG_PID, syslog.LOG_MAIL)
syslog.syslog(syslog.LOG_WARNING, "caf\\u00e9")
syslog.openlog("plain")
syslog.syslog("words")
"""
HANDLER = """
import logging, logging.handlers
logging.getLogger().addHandler(logging.handlers.SysLogHandler("/dev/log"))
logging.critical("handler: down")
logging.error("several\\nlines")
"""


def with_dev_log(log, *argv):
    """ARGV in the log's namespace, with its socket as /dev/log."""
    script = 'mount -t tmpfs none /dev && ln -s "$0" /dev/log && exec "$@"'
    log.namespace.run("unshare", "--mount", "sh", "-c", script, log.folder / "dev-log", *argv)


def test_real_senders(keep, log_box, tmp_path):
    log = keep(Log(log_box, tmp_path, "service", "syslog:service"))
    (tmp_path / "sender.c").write_text(SENDER)
    subprocess.run([MUSL_CC, "-static", "-o", tmp_path / "sender", tmp_path / "sender.c"], check=True)
    path = log.folder / "dev-log"
    log.say("service", "<3>by stdout")
    with_dev_log(log, tmp_path / "sender")
    with_dev_log(log, sys.executable, "-c", GLIBC)
    with_dev_log(log, sys.executable, "-c", HANDLER)
    for number, form in enumerate((["--id=7"], ["--rfc5424=notime,nohost"], ["--rfc5424"])):
        log.namespace.run("logger", "-u", path, "-t", "logger", "-p", "local3.crit", *form, f"form {number}")
    log.namespace.run("logger", "-u", path, "--rfc3164", "-t", "logger", "-p", "user.debug", "with a host")
    log.wait_line("service", "with a host$")
    lines = log.lines("service")
    assert [(line.level, line.text) for line in lines if line.text != "by stdout"] == [
        (5, "no name"), (3, "musl: one 1"), (3, "musl: two"),
        (4, r"glibc: caf\xc3\xa9"), (6, "plain: words"),
        (2, "handler: down"), (3, "several"), (3, "lines"),
        (2, "logger: form 0"), (2, "logger: form 1"), (2, "logger: form 2"),
        (7, f"{os.uname().nodename} logger: with a host")]
    assert [line.level for line in lines if line.text == "by stdout"] == [3]


def test_flood_takes_nobodys_place(keep, log_box, tmp_path):
    """The sender waits and loses nothing on the way; output and syslog() have one limit, which is told once."""
    log = keep(Log(log_box, tmp_path, "service", "quiet", "syslog:service"))
    count = 20_000

    def flood():
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.connect(str(log.folder / "dev-log"))
            for number in range(count):
                sender.send(f"<30>Nov 28 09:05:01 flood[1]: {number}".encode())
    log.others_are_read_beside(flood)
    log.write("service", b"x\n" * 1000)

    def adds_up(record):
        others = len(log.lines()) - len(log.lines("service"))
        return int(record["lines_total"]) - others + int(record["limited"]) == count + 1000
    record = log.wait(adds_up, "kept and left out are all that there were")
    assert record.list("limited") == [f"service {record['limited']}"], record
    assert log.texts("service")[0] == "flood: 0"
    log.wait_line("log", r"service: \d+ lines left out: more than 500 at once or 100 a second")


def test_lines_of_several_processes_stay_whole(keep, log_box, tmp_path):
    log = keep(Log(log_box, tmp_path, "service"))
    writers, count = 8, 50
    script = 'import os, sys\nfor n in range(50): os.write(1, f"{sys.argv[1]} {n} {\'x\' * 80}\\n".encode())'
    children = [subprocess.Popen([sys.executable, "-c", script, str(number)], stdout=log.ends["service"])
                for number in range(writers)]
    assert [child.wait(60) for child in children] == [0] * writers
    log.wait(lambda record: len(log.lines("service")) == writers * count, "all are there")
    seen = collections.defaultdict(list)
    for text in log.texts("service"):
        writer, number, filler = text.split(" ")
        assert filler == "x" * 80, text
        seen[int(writer)].append(int(number))
    assert dict(seen) == {number: list(range(count)) for number in range(writers)}
