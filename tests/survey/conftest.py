"""Fixtures of the survey in a guest: tests/lib/guests.py."""

from guests import *  # noqa: F401,F403
