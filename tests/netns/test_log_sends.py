"""The log reaches real collectors, by UDP and TCP and both address families: each line once, in order, with all that
RFC 5424 has a place for."""

import datetime
import os
import re
import socket
import time

import pytest
from log import COLLECTORS, Log, Rsyslog, SyslogNg, parse_data
from tree import HERE
from waiting import wait_until

@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8:1::1"])
@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("kind", COLLECTORS)
def test_each_line_with_what_belongs_to_it(keep, log_lan, log_box, tmp_path, kind, transport, address):
    collector = keep(kind(log_lan, tmp_path, transport, address).start())
    log = keep(Log(log_box, tmp_path, "relay", "kernel", syslog=collector.url(port=False)))
    begin = time.time()
    log.wait_state("sending", collector=collector.url(), collector_origin="setting",
                   peer=collector.url().partition("://")[2])
    log.say("relay", "<3>an error", "<6>plain", "no level", "<4>two  blanks and a | and \"quotes\" ]", "%s%n <1>x")
    log.write("relay", b"<5>\x1b[2J\xc3\xa9\x00\xff\r\n")
    up_ms = int(time.monotonic() * 1000)
    log.write("kernel", f"4,77,{up_ms * 1000},-;eth0: link down\n SUBSYSTEM=net\n".encode())
    texts = ["an error", "plain", "no level", 'two  blanks and a | and "quotes" ]', "%s%n <1>x",
             r"\x1b[2J\xc3\xa9\x00\xff"]
    collector.wait_texts("relay", texts)
    collector.wait_texts("kernel", ["eth0: link down"])
    relay = collector.messages("relay")
    assert [int(message.severity) for message in relay] == [3, 6, 6, 4, 6, 5]
    assert {message.facility for message in relay} == {"3"}
    kernel, = collector.messages("kernel")
    assert (kernel.severity, kernel.facility) == ("4", "0")
    messages = collector.messages()
    assert {(m.host, m.procid, m.msgid) for m in messages} == {(os.uname().nodename, "-", "-")}
    for message in messages:
        when = datetime.datetime.fromisoformat(message.time.replace("Z", "+00:00"))
        assert begin - 5 <= when.timestamp() <= time.time() + 1, message
        assert when.utcoffset() == datetime.timedelta(0)
    assert [parse_data(message).sequence for message in messages] == list(range(1, len(messages) + 1))
    assert abs(parse_data(kernel).up_hundredths - up_ms // 10) <= 1
    assert {parse_data(message).in_step for message in messages} == {1}
    log.wait(lambda record: record["sent"] == str(len(collector.messages())) and record["lost"] == "0", "all sent")


@pytest.mark.parametrize("source, ntp, time_of_line, in_step", [
    ("none", "asking", "-", 0), ("rtc", "asking", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", 0),
    ("ntp", "synchronised", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", 1),
    ("ntp", "lost", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", 0)])
def test_message_byte_by_byte(keep, log_lan, log_box, tmp_path, source, ntp, time_of_line, in_step):
    """No time rather than a wrong one; and whether the clock is in step with a time server."""
    with log_lan.socket(socket.AF_INET, socket.SOCK_DGRAM) as collector:
        collector.bind(("192.0.2.1", 514))
        collector.settimeout(10)
        log = keep(Log(log_box, tmp_path, "relay", syslog="udp://192.0.2.1", clock=(source, ntp)))
        log.say("relay", "<4>text \u00e9")
        message = b""
        while b" relay " not in message:
            message = collector.recv(4096)
        expected = (rf"<28>1 {time_of_line} {re.escape(os.uname().nodename)} relay - - "
                    rf'\[timeQuality tzKnown="1" isSynced="{in_step}"\]\[meta sequenceId="\d+" sysUpTime="\d+"\] '
                    r"text \\xc3\\xa9")
        assert re.fullmatch(expected.encode(), message), message


def documented(kind):
    """What docs/logs.md has for KIND."""
    return re.search(rf"```{kind}\n(.*?)```", (HERE / "docs/logs.md").read_text(), re.DOTALL)[1]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("kind", COLLECTORS)
def test_documented_configuration(keep, log_lan, log_box, tmp_path, kind, transport):
    """But for the folder that it writes to."""
    class Documented(kind):
        def write_configuration(self):
            words = {Rsyslog: ("rsyslog", f'global(processInternalMessages="on")\naction(type="omfile" file="{self.log}")\n'),
                     SyslogNg: ("syslog-ng", "@version: 3.38\n")}[kind]
            text = words[1] + documented(words[0])
            assert "/var/log/thimble/" in text
            (self.folder / "conf").write_text(text.replace("/var/log/thimble/", f"{self.folder}/"))
    collector = keep(Documented(log_lan, tmp_path, transport, "192.0.2.1").start())
    log = keep(Log(log_box, tmp_path, "relay", syslog=collector.url()))
    log.say("relay", "<4>no upstream")
    output = collector.folder / f"{os.uname().nodename}.log"
    line = wait_until(lambda: [line for line in output.read_text().splitlines() if "no upstream" in line], 20,
                      "the line in the guest's file", lambda: "\n".join(map(str, collector.folder.iterdir())))[0]
    assert " relay " in line and 'meta sequenceId="' in line, line
