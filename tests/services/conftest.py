"""Fixtures of the boot tests: tests/lib/guests.py."""

from guests import *  # noqa: F401,F403
