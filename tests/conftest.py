"""What every test gets: the helpers of tests/lib, a deadline, clean-up, and exhibits when it fails."""

import os
import pathlib
import resource
import signal
import sys

import pytest

TREE = pathlib.Path(__file__).resolve().parent.parent
DEADLINE_S = 120

sys.path.insert(0, str(TREE / "tests/lib"))


def pytest_configure(config):
    config.addinivalue_line("markers", f"deadline(seconds): this test may take so long (else {DEADLINE_S})")
    if "THIMBLE_IN_NAMESPACES" not in os.environ:
        pytest.exit("run this as: tools/in-namespaces python3 -m pytest ..., or make check", returncode=2)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class DeadlineMissed(BaseException):
    """Not an Exception: no retry loop may catch it."""


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    marker = item.get_closest_marker("deadline")
    seconds = marker.args[0] if marker else DEADLINE_S

    def handle_alarm(number, frame):
        raise DeadlineMissed(f"the test did not end within {seconds} s")

    signal.signal(signal.SIGALRM, handle_alarm)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)


class Keep:
    """keep(THING) returns THING, closes it after the test (last made, first closed), and shows its
    exhibits(), a list of (title, text), when the test fails."""

    def __init__(self):
        self.things = []

    def __call__(self, thing):
        self.things.append(thing)
        return thing

    def exhibits(self):
        for thing in self.things:
            if hasattr(thing, "exhibits"):
                yield from thing.exhibits()

    def close(self):
        errors = []
        while self.things:
            try:
                self.things.pop().close()
            except Exception as error:  # the others must still be closed
                errors.append(error)
        assert not errors, f"while cleaning up: {errors}"


@pytest.fixture
def keep(request):
    kept = request.node.kept = Keep()
    yield kept
    kept.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    kept = getattr(item, "kept", None)
    if report.failed and kept is not None:
        report.sections.extend(kept.exhibits())
