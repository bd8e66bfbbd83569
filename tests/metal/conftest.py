"""Fixtures of the tests of PLATFORM=metal: tests/lib/guests.py."""

from guests import *  # noqa: F401,F403
