"""A collector that dies, stalls, comes late or never comes loses the oldest lines at most, which are counted one by
one; children do not feel it."""

import re
import socket
import struct

import pytest
from log import COLLECTORS, Log, Rsyslog
from waiting import wait_until

LINES = 300  # of one child, within its limit
TRANSPORTS = ["udp", "tcp"]


def numbered(words, count=LINES, length=0):
    return [f"{words} {number}".ljust(length, ".") for number in range(1, count + 1)]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("kind", COLLECTORS)
def test_killed_and_started_again(keep, log_lan, log_box, tmp_path, kind, transport):
    collector = keep(kind(log_lan, tmp_path, transport, "192.0.2.1").start())
    log = keep(Log(log_box, tmp_path, "relay", syslog=collector.url()))
    log.say("relay", *numbered("before"))
    collector.wait_texts("relay", numbered("before"))
    collector.kill()
    if transport == "tcp":
        log.wait_state("failed", error="closed by the collector")  # seen at once, without a line to send
    log.say("relay", "meanwhile 0")
    log.wait_state("failed")
    log.say("relay", *numbered("meanwhile", 100))
    collector.start()
    collector.wait_texts("relay", [*numbered("before"), "meanwhile 0", *numbered("meanwhile", 100)])
    assert collector.wait_exact(log)["lost"] == "0"


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8:1::1"])
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_not_there_at_first(keep, log_lan, log_box, tmp_path, transport, address):
    """The port is closed: lines wait, and the oldest make room once there are too many."""
    collector = keep(Rsyslog(log_lan, tmp_path, transport, address))
    log = keep(Log(log_box, tmp_path, "one", "two", syslog=collector.url()))
    log.wait_state("failed", error="Connection refused", sent="0")
    log.say("one", *numbered("one", length=100))
    log.say("two", *numbered("two", length=100))
    record = log.wait(lambda record: int(record["lost"]) > 0, "lines are lost")
    assert record["sent"] == "0" and int(record["queued"]) + int(record["lost"]) == int(record["lines_total"])
    collector.start()
    record = collector.wait_exact(log)
    lost = int(record["lost"])
    assert log.wait_line("log", r"(\d+) lines were lost before they could be sent")[1] == str(lost)
    assert [message.text for message in collector.messages("two")] == numbered("two", length=100)
    collector.wait_exact(log)


@pytest.mark.parametrize("kind", COLLECTORS)
def test_stalled_and_continued(keep, log_lan, log_box, tmp_path, kind):
    """What its kernel has room for counts as sent, and is there when it goes on."""
    log_lan.sysctl("net.ipv4.tcp_rmem", "4096 16384 16384")
    collector = keep(kind(log_lan, tmp_path, "tcp", "192.0.2.1").start())
    log = keep(Log(log_box, tmp_path, *"abcdef", syslog=collector.url()))
    log.wait_state("sending")
    collector.pause()
    for child in "abcdef":
        log.say(child, *numbered(child, 200, length=300))
    log.wait_state("slow")
    record = log.wait(lambda record: int(record["lost"]) > 0, "lines are lost")
    log.say("a", "still read")
    log.wait_line("a", "still read")
    cpu_s = log.cpu_s()
    log.say("a", "and again")
    log.wait_line("a", "and again")
    assert log.cpu_s() - cpu_s < 0.5, "it waits for the socket, and does not spin"
    collector.go_on()
    record = collector.wait_exact(log)
    assert record["state"] == "sending" and int(record["lost"]) > 0
    log.wait_line("log", rf"{record['lost']} lines were lost")
    assert collector.messages("a")[-2:][0].text == "still read"


def test_what_was_on_the_way_is_sent_again(keep, log_lan, log_box, tmp_path):
    """The cable is out while lines go into the socket; the collector that comes back does not know the connection."""
    collector = keep(Rsyslog(log_lan, tmp_path, "tcp", "192.0.2.1").start())
    log = keep(Log(log_box, tmp_path, "relay", syslog=collector.url()))
    log.say("relay", "before")
    collector.wait_texts("relay", ["before"])
    log_lan.ip("link", "set", log_box.port, "down")
    log.say("relay", *numbered("away", length=150))  # more than the socket takes: one is cut in two
    log.wait(lambda record: int(record["sent"]) > 20 and int(record["queued"]) > 20, "the socket is full")
    collector.kill()
    collector.start()
    log_lan.ip("link", "set", log_box.port, "up")
    collector.wait_texts("relay", ["before", *numbered("away", length=150)], deadline_s=90)
    assert collector.wait_exact(log)["lost"] == "0"


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_no_address_yet(keep, log_lan, log_box, tmp_path, transport):
    """As at boot: lines wait for the network, and go out as soon as net tells of it."""
    collector = keep(Rsyslog(log_lan, tmp_path, transport, "192.0.2.1").start())
    log_box.ip("address", "flush", "dev", "eth0")
    log = keep(Log(log_box, tmp_path, "relay", syslog=collector.url()))
    log.say("relay", *numbered("boot"))
    log.wait(lambda record: record["state"] == "waiting" and "unreachable" in record["error"], "no way to it")
    assert log.record()["sent"] == "0"
    log_box.ip("address", "add", "192.0.2.7/24", "dev", "eth0")
    log.set_net()
    collector.wait_texts("relay", numbered("boot"))
    assert collector.wait_exact(log)["lost"] == "0"


@pytest.mark.parametrize("address, old, new", [("192.0.2.1", "192.0.2.7/24", "192.0.2.8/24"),
                                               ("2001:db8:1::1", "2001:db8:1::7/64", "2001:db8:1::8/64")])
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_own_address_changes(keep, log_lan, log_box, tmp_path, transport, address, old, new):
    """Lines go out from the new one as soon as net tells of it."""
    collector = keep(Rsyslog(log_lan, tmp_path, transport, address).start())
    log = keep(Log(log_box, tmp_path, "relay", syslog=collector.url()))
    log.say("relay", "from the old one")
    collector.wait_texts("relay", ["from the old one"])
    log_box.ip("address", "add", new, "dev", "eth0", *(["nodad"] if ":" in new else []))
    log_box.ip("address", "delete", old, "dev", "eth0")
    if ":" not in new:
        log_box.ip("address", "replace", new, "dev", "eth0")  # it went with the one that it was secondary to
    log.say("relay", "meanwhile")
    log.set_net()
    log.say("relay", "from the new one")
    # IPv6 still lets them out, and over TCP a line whose acknowledgement could not come back comes twice.
    texts = ["from the old one", "meanwhile", "from the new one"]
    wait_until(lambda: list(dict.fromkeys(message.text for message in collector.messages("relay"))) == texts, 15,
               f"{texts}", lambda: str(collector.messages("relay")))
    # All may have gone out from the old one before net told of the new one.
    def sockets():
        return log_box.run("ss", "--numeric", f"--{transport}").replace("]", "")
    wait_until(lambda: new.partition("/")[0] + ":" in sockets() and old.partition("/")[0] + ":" not in sockets(), 15,
               f"from {new}", sockets)


@pytest.mark.deadline(240)
def test_gone_without_a_word(keep, log_lan, log_box, tmp_path):
    """A collector whose machine is off is found out while lines are on the way to it."""
    collector = keep(Rsyslog(log_lan, tmp_path, "tcp", "192.0.2.1").start())
    log = keep(Log(log_box, tmp_path, "relay", syslog=collector.url()))
    log.say("relay", "before")
    collector.wait_texts("relay", ["before"])
    log_lan.ip("link", "set", log_box.port, "down")
    log.say("relay", "away")
    log.wait(lambda record: record["state"] in ("failed", "waiting"), "found out", deadline_s=120)
    log_lan.ip("link", "set", log_box.port, "up")
    # What waited for the neighbour's MAC goes out before the connection is made anew: then it is there twice.
    wait_until(lambda: {message.text for message in collector.messages("relay")} == {"before", "away"}, 60,
               "the line that was on the way", lambda: str(collector.messages()))


def frames(stream):
    """The messages of STREAM, a file, by RFC 6587 3.4.1, strictly."""
    while True:
        length = b""
        while not length.endswith(b" "):
            digit = stream.read(1)
            if not digit:
                assert not length, f"the stream ends within a length: {length}"
                return
            length += digit
        assert re.fullmatch(rb"[1-9]\d{1,3} ", length), length
        message = stream.read(int(length))
        assert len(message) == int(length) and message.startswith(b"<"), (length, message)
        yield message


def test_reset_within_a_frame(keep, log_lan, log_box, tmp_path):
    """The next connection begins with a whole frame, and goes on line by line."""
    log_lan.sysctl("net.ipv4.tcp_rmem", "4096 4096 4096")
    with log_lan.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind(("192.0.2.1", 514))
        listener.listen()
        listener.settimeout(20)
        log = keep(Log(log_box, tmp_path, "relay", syslog="tcp://192.0.2.1"))
        first, _ = listener.accept()
        log.say("relay", *numbered("line", length=150))
        log.wait_state("slow")
        assert first.recv(1001, socket.MSG_WAITALL).count(b"<30>1 ") > 1
        first.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        first.close()
        second, _ = listener.accept()
        second.settimeout(20)
        with second, second.makefile("rb") as stream:
            sequence, texts = [], []
            for message in frames(stream):
                sequence.append(int(re.search(rb'sequenceId="(\d+)"', message)[1]))
                texts.append(message.decode("ascii"))
                if " line 300." in texts[-1]:
                    break
    assert sequence == list(range(sequence[0], sequence[0] + len(sequence))) and len(sequence) > 200
    assert log.record()["lost"] == "0"
