"""Fixtures of the tests of HARDEN=1: tests/lib/guests.py."""

from guests import *  # noqa: F401,F403
