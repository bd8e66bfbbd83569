"""Finished images, taken apart and put together again: Python's standard library, and qemu-img for the formats that it knows."""

import pathlib
import struct
import subprocess

PACKAGES = {"make": "make", "sbsign": "sbsigntool", "qemu-img": "qemu-utils"}


# What Python says of bytes that are not there, and of numbers that no file has.
DAMAGED = (struct.error, OverflowError, IndexError)


class Refused(Exception):
    """What is said to the user; nothing has been changed."""


def run(*command, **options):
    try:
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    except FileNotFoundError as error:
        what = f"{error.filename} is not here"
        package = PACKAGES.get(error.filename)
        raise Refused(f"{what}. What helps: apt-get install {package}" if package else what) from error
    if done.returncode:
        raise Refused(f"{pathlib.Path(command[0]).name} failed:\n{done.stderr.strip()}")
    return done


def up(value, to):
    """The next multiple of TO."""
    return -(-value // to) * to
