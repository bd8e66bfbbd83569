"""Waiting on conditions with deadlines: the only way that tests wait."""

import time

POLL_S = 0.05


def wait_until(condition, deadline_s, what, seen=None):
    """Call CONDITION until it returns something true, and return that.

    An AssertionError or OSError from CONDITION counts as "not yet". After DEADLINE_S the test fails with
    WHAT was expected and what was last seen: SEEN() when given, else CONDITION's last value or error."""
    end = time.monotonic() + deadline_s
    while True:
        try:
            last = condition()
            if last:
                return last
        except (AssertionError, OSError) as error:
            last = error
        if time.monotonic() >= end:
            if seen is not None:
                last = seen()
            shown = last if isinstance(last, str) else repr(last)
            raise AssertionError(f"expected within {deadline_s:g} s: {what}\nlast seen:\n{shown}")
        time.sleep(POLL_S)
