"""Waiting on conditions with deadlines: the only way that tests wait."""

import time

POLL_S = 0.05


def wait_until(condition, deadline_s, what, seen=None):
    """Call CONDITION until it returns something true, and return that.

    An assertion, something that is not there or an OSError in CONDITION counts as "not yet". After DEADLINE_S
    the test fails with WHAT was expected and what was last seen: CONDITION's last value or error, and SEEN()."""
    end = time.monotonic() + deadline_s
    while True:
        try:
            last = condition()
            if last:
                return last
        except (AssertionError, LookupError, TypeError, OSError) as error:
            last = f"{type(error).__name__}: {error}"
        if time.monotonic() >= end:
            shown = last if isinstance(last, str) else repr(last)
            if seen is not None:
                shown += f"\n{seen()}"
            raise AssertionError(f"expected within {deadline_s:g} s: {what}\nlast seen:\n{shown}")
        time.sleep(POLL_S)
