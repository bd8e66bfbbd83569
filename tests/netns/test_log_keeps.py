"""The log keeps the last 64 KB of lines, as they came, and one that says too much does not take the others' place or
time."""

import os
import time

from log import Log, Rsyslog
from records import read_record


def test_lines_and_tail_are_the_same(keep, log_box, tmp_path):
    log = keep(Log(log_box, tmp_path, "relay", "kernel"))
    log.say("relay", "<3>broken", "a \x1b[31mred\x1b[0m line", "x" * 3000)
    for number in range(150):
        log.write("kernel", f"4,{number},{number * 1000000},-;kernel line {number}\n".encode())
    log.write("kernel", b"6,151,151000000,-;of no interest\n")
    log.write("kernel", b"nonsense")
    log.wait_line("kernel", "kernel line 149")
    log.wait(lambda record: record["lines_total"] == str(len(log.lines())), "the record follows")
    lines = log.lines()
    assert [line[1:] for line in lines if line.name == "relay"] == [
        (3, "relay", "broken"), (6, "relay", r"a \x1b[31mred\x1b[0m line"), (6, "relay", "x" * 1021 + "...")]
    kernel = log.lines("kernel")
    assert [(line.ms, line.level, line.text) for line in kernel] == [
        (number * 1000, 4, f"kernel line {number}") for number in range(150)]
    tail = read_record(log.run_dir, "log", "tail")
    assert tail.list("line") == [" ".join(map(str, line)) for line in lines[-100:]]
    assert (int(tail["lines_total"]), tail["lines_dropped"]) == (len(lines), "0")


def test_oldest_make_room(keep, log_box, tmp_path):
    log = keep(Log(log_box, tmp_path, "one", "two"))
    log.say("one", *(f"one {number} {'.' * 200}" for number in range(250)))
    log.wait_line("one", "one 249")
    log.say("two", *(f"two {number} {'.' * 200}" for number in range(250)))
    log.wait_line("two", "two 249")
    size = (log.run_dir / "log/lines").stat().st_size
    assert 65536 - 300 < size <= 65536
    total = int(log.wait(lambda record: int(record["lines_total"]) >= 500, "all are counted")["lines_total"])
    tail = read_record(log.run_dir, "log", "tail")
    assert int(tail["lines_dropped"]) == total - len(log.lines())
    assert [line.text.split()[1] for line in log.lines("two")] == list(map(str, range(250)))


def test_flood_of_one_child(keep, log_lan, log_box, tmp_path):
    """It never waits for the log, the others' lines are there, what is left out is counted and said once."""
    collector = keep(Rsyslog(log_lan, tmp_path, "tcp", "192.0.2.1").start())
    log = keep(Log(log_box, tmp_path, "flood", "quiet", syslog=collector.url()))
    log.wait_state("sending")
    count, chunk = 100_000, "".join(f"line {number}\n" for number in range(1000)).encode()

    def flood():
        for _ in range(count // 1000):
            view = memoryview(chunk)
            while view:
                view = view[os.write(log.ends["flood"], view):]
    begin = time.monotonic()
    log.others_are_read_beside(flood)
    log.write("flood", b"the end\n")
    log.wait(lambda record: "limited.1" in record, "the limit is told")

    def adds_up(record):
        """Lines in the ring by number, those that went over, and our own."""
        texts = [message for message in collector.messages("flood")]
        name, left_out = record["limited.1"].split()
        return name == "flood" and record["limited"] == left_out and len(texts) + int(left_out) == count + 1 - int(
            record["lost"])
    record = log.wait(adds_up, "kept and left out are all that there were")
    elapsed_s = time.monotonic() - begin
    assert count - int(record["limited"]) <= 500 + 100 * (elapsed_s + 1), record
    left_out = log.wait_line("log", r"flood: (\d+) lines left out: more than 500 at once or 100 a second")
    assert 0 < int(left_out[1]) <= int(record["limited"])
    assert [message.text for message in collector.messages("quiet")] == [f"quiet {number}" for number in range(10)]


def test_last_lines_before_the_end(keep, log_lan, log_box, tmp_path):
    """SIGTERM: what children say as they end is still read and sent."""
    collector = keep(Rsyslog(log_lan, tmp_path, "udp", "192.0.2.1").start())
    log = keep(Log(log_box, tmp_path, "init", syslog=collector.url()))
    log.say("init", "running")
    collector.wait_texts("init", ["running"])
    log.child.terminate()
    log.say("init", "power: ending")
    collector.wait_texts("init", ["running", "power: ending"])
