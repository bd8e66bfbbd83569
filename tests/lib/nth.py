"""One call inside a program fails: a run for each place it is made from, or for each time it is made.

A `Scenario` starts the program (build/ARCH/host-nth/NAME, linked with tests/lib/nth.c) and has it do its job for a real peer. A
run in which nothing fails tells from which places the program makes each call. Then there is a run for each of them in which
that call fails once. What holds in each of them is in `Campaign.run`."""

import collections
import contextlib
import errno
import os
import pathlib
import shutil
import signal
import subprocess
import time

from records import read_record
from tree import HOST_BIN

BIN = HOST_BIN.parent / "host-nth"
# What each call fails with; the first is what it fails with in the short run.
ERRORS = {"memory": ["ENOMEM"], "open": ["EMFILE", "ENFILE", "ENOMEM"], "read": ["EIO", "ENOMEM", "EINTR"],
          "write": ["ENOSPC", "EIO", "ENOBUFS", "EINTR"], "fork": ["EAGAIN", "ENOMEM"], "socket": ["EMFILE", "ENOBUFS"],
          "accept": ["EMFILE", "ENFILE", "ENOMEM", "ECONNABORTED"], "connect": ["EADDRNOTAVAIL", "ENETUNREACH", "EAGAIN"],
          "pipe": ["EMFILE", "ENFILE"], "epoll": ["ENOSPC", "ENOMEM"], "inotify": ["EMFILE", "ENOSPC", "ENOMEM"],
          "mmap": ["ENOMEM"], "rename": ["ENOSPC", "EIO"], "dup": ["EMFILE"]}
CALLS = sorted(ERRORS)
ALL = "THIMBLE_NTH_ALL" in os.environ  # each time, each error, and for good from then on
ONE = os.environ.get("THIMBLE_NTH")  # this case alone: CALL:WHICH:ERRNO
EXIT_SYSTEM = 111
POLL_S = 0.005
READY_S, JOB_S, SETTLED_S, END_S = 40, 60, 30, 40


class Ended(Exception):
    """The program has ended."""


class Run:
    """A run of the program with the case WISH ("": nothing fails), its files in FOLDER."""

    def __init__(self, scenario, folder, wish=""):
        self.scenario, self.folder, self.wish = scenario, pathlib.Path(folder), wish
        self.run_dir = self.folder / "run"
        self.log, self.notes = self.folder / "log", self.folder / "nth"
        self.child = None
        self.pid = None  # of the program, when self.child is not it
        self.findings = self.folder / "sanitizer"
        self.ready = False
        self.noted = ""

    def start(self, *words, wish=None, stderr=None, namespace=None, **options):
        """Starts WORDS, in NAMESPACE. Its standard error is the file self.log unless STDERR."""
        environment = {**os.environ, "THIMBLE_RUN": str(self.run_dir), "NTH_FILE": str(self.notes),
                       "ASAN_OPTIONS": f"log_path={self.findings}", "UBSAN_OPTIONS": f"log_path={self.findings}",
                       **options.pop("env", {})}
        wish = self.wish if wish is None else wish
        if wish:
            environment["NTH"] = wish
        options.setdefault("stdin", subprocess.DEVNULL)
        with open(self.log, "ab") as log, namespace.entered() if namespace else contextlib.nullcontext():
            self.child = subprocess.Popen(list(map(str, words)), stderr=stderr or log, env=environment, **options)
        return self.child

    def say(self, writer, name, **values):
        """Writes a record as another program would."""
        folder = self.run_dir / writer
        folder.mkdir(parents=True, exist_ok=True)
        new = folder / f"{name}.new"
        new.write_text("".join(f"{key}={value}\n" for key, value in values.items()))
        new.rename(folder / name)

    def record(self, writer, name):
        return read_record(self.run_dir, writer, name)

    def until(self, condition, deadline_s, what, lives=True):
        """Waits for CONDITION; what it raises means "not yet". Raises Ended when the program has ended, unless not LIVES."""
        end = time.monotonic() + deadline_s
        while True:
            if lives and self.child.poll() is not None:
                raise Ended
            try:
                last = condition()
                if last:
                    return last
            except (AssertionError, LookupError, TypeError, ValueError, OSError) as error:
                last = f"{type(error).__name__}: {error}"
            if time.monotonic() > end:
                raise AssertionError(f"expected within {deadline_s} s: {what}; last seen: {last}")
            time.sleep(POLL_S)

    def descriptors(self):
        """What the program's descriptors are, by kind."""
        kinds = collections.Counter()
        folder = pathlib.Path(f"/proc/{self.pid or self.child.pid}/fd")
        for entry in folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                target = os.readlink(entry)
                kinds["file" if target.startswith("/") else target.partition(":")[0]] += 1
        return kinds

    def lines(self, kind):
        if self.notes.exists():
            self.noted = self.notes.read_text()
        return [line.split()[1:] for line in self.noted.splitlines() if line.startswith(kind + " ")]

    def failed(self):
        """The calls that failed: [CALL, NUMBER, @PLACE, OFFSET...]"""
        return self.lines("failed")

    def log_text(self):
        return self.log.read_bytes().decode("utf-8", "replace") if self.log.exists() else ""

    def finding(self):
        return "".join(path.read_text(errors="replace") for path in self.folder.glob("**/sanitizer.*"))

    def check_records(self):
        """Each parses, and besides them there is at most NAME.new."""
        for path in self.run_dir.glob("*/*"):
            if path.suffix == ".new" or path.is_socket() or path.name in self.scenario.no_records:
                continue
            read_record(self.run_dir, path.parent.name, path.name)


class Scenario:
    """What a program does in a run. Made once for all of a test's runs, with the peers that they share."""

    program = None
    stays = True  # once it serves, no failed call ends it
    ends = 0  # its status after SIGTERM
    gives_up = (EXIT_SYSTEM,)  # its status when it ends by itself
    no_records = {"lines", "resolv.conf"}  # files that are no records

    def begin(self, run):
        """Starts the program by run.start()."""
        raise NotImplementedError

    def ready(self, run):
        """Whether it serves."""
        return True

    def job(self, run):
        """Has it do its job once. What is raised means that it did not; it is tried again for a while."""
        raise NotImplementedError

    def end(self, run):
        """Asks it to end."""
        run.child.send_signal(signal.SIGTERM)

    def clean(self, run):
        """After each run."""

    def same(self, found, plain):
        """Whether the descriptors FOUND after a failure are as in a PLAIN run."""
        return found == plain


class Campaign:
    """All runs of one call."""

    def __init__(self, scenario, folder, call):
        self.scenario, self.folder, self.call = scenario, pathlib.Path(folder), call
        self.count = 0
        self.faults = []
        self.plain = None

    def run(self, wish=""):
        """One run. Returns it; its fault, if any, is noted."""
        self.count += 1
        folder = self.folder / str(self.count)
        folder.mkdir()
        run = Run(self.scenario, folder, wish)
        run.run_dir.mkdir()
        fault = None
        try:
            self.judge(run)
        except AssertionError as error:
            fault = str(error)
        finally:
            if run.child is not None and run.child.poll() is None:
                run.child.kill()
                run.child.wait()
            self.scenario.clean(run)
        if run.finding():
            fault = f"{fault or 'sanitizer'}\n{run.finding()[:4000]}"
        if fault is not None:
            self.faults.append(f"--- {wish or 'nothing fails'}: {fault}\n{self.where(run)}\n{run.log_text()[-3000:]}")
        else:
            run.failed()  # what was noted stays
            shutil.rmtree(folder)
        return run

    def judge(self, run):
        self.scenario.begin(run)
        try:
            self.serve(run)
        except Ended:
            self.check_end(run)
            return
        run.check_records()
        self.scenario.end(run)
        run.until(lambda: run.child.poll() is not None, END_S, "it ends at SIGTERM", lives=False)
        expected = self.scenario.ends
        assert run.child.returncode == expected, f"expected status {expected} at its end, got {run.child.returncode}"
        run.check_records()

    def serve(self, run):
        run.until(lambda: self.scenario.ready(run), READY_S, "it is ready")
        run.ready = True
        for _ in range(2):
            run.until(lambda: self.scenario.job(run) or True, JOB_S, "it does its job")
        if self.plain is None:
            self.plain = self.settled(run)
        if not run.wish.endswith("+"):
            run.until(lambda: self.scenario.same(run.descriptors(), self.plain), SETTLED_S,
                      f"the same descriptors as without a failure: {dict(self.plain)}; there were {dict(run.descriptors())}")

    @staticmethod
    def settled(run):
        """Its descriptors, once they have been the same for 0.4 s."""
        seen, since = None, 0
        while seen is None or time.monotonic() < since + 0.4:
            now = run.descriptors()
            if now != seen:
                seen, since = now, time.monotonic()
            time.sleep(POLL_S)
        return seen

    def check_end(self, run):
        """It ended by itself: it said what failed, and the next process serves."""
        status, text = run.child.returncode, run.log_text()
        assert run.wish, f"it ended with status {status}"
        expected = self.scenario.gives_up
        assert status in expected, f"expected a status of {expected}, of a program that gives up, got {status}"
        words = os.strerror(getattr(errno, run.wish.split(":")[2].rstrip("+")))
        assert words in text, f"expected a line with \"{words}\""
        assert not (run.ready and self.scenario.stays and not run.wish.endswith("+")), "it ended after it had served"
        run.check_records()
        self.scenario.clean(run)
        run.wish = ""
        with contextlib.suppress(FileNotFoundError):
            run.log.rename(run.folder / "log.first")
        self.scenario.begin(run)
        try:
            self.serve(run)
        except Ended:
            raise AssertionError(f"the next process ended with status {run.child.returncode}") from None
        run.check_records()

    def where(self, run):
        """The functions that led to the call that failed."""
        shown = []
        for call, number, place, *offsets in run.failed():
            done = subprocess.run(["addr2line", "-fse", BIN / self.scenario.program, *(f"0x{offset}" for offset in offsets)],
                                  capture_output=True, text=True)
            lines = done.stdout.split()
            steps = [f"{name} {at}" for name, at in zip(lines[::2], lines[1::2])]
            shown.append(f"{call} {number} {place}: {' <- '.join(steps)}")
        return "\n".join(shown) or "nothing failed"

    def all_runs(self):
        """A run without a failure, and one for each place or each number."""
        first = self.run()
        assert not self.faults, self.faults[0]
        if ONE:
            self.run(ONE)
        elif ALL:
            self.each_number()
        else:
            self.each_place([words[2] for words in first.lines("place") if words[0] == self.call])
        assert not self.faults, f"{len(self.faults)} of {self.count} runs went wrong:\n" + "\n".join(self.faults)

    def each_place(self, places):
        seen = set()
        while places:
            place = places.pop(0)
            seen.add(place)
            run = self.run(f"{self.call}:{place}:{ERRORS[self.call][0]}")
            # Places that the first run did not come to: what happens after a failure among them, not.
            places += [words[2] for words in run.lines("place") if words[0] == self.call and words[2] not in seen
                       and not run.failed() and words[2] not in places]

    def each_number(self):
        for error in ERRORS[self.call]:
            for more in ("", "+"):
                number = 1
                while self.run(f"{self.call}:{number}:{error}{more}").failed():
                    number += 1
