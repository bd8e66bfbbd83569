"""Reading the programs' records (docs/records.md) from outside."""

import pathlib


class Record(dict):
    """A record's keys and values, both text as written: escapes are left as they are."""

    def list(self, key):
        """The values of KEY.1, KEY.2, ... up to the first gap."""
        values = []
        while f"{key}.{len(values) + 1}" in self:
            values.append(self[f"{key}.{len(values) + 1}"])
        return values

    def number(self, key, fallback=None):
        return int(self[key]) if key in self else fallback


def read_record(directory, writer, name):
    """The record DIRECTORY/WRITER/NAME, empty when there is none. Fails on a line that is not key=value or
    a file that does not end in a newline: a reader never sees half a record."""
    try:
        text = (pathlib.Path(directory) / writer / name).read_text("ascii")
    except FileNotFoundError:
        return Record()
    assert text.endswith("\n"), f"torn record {writer}/{name}: {text!r}"
    record = Record()
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        assert equals and key and key not in record, f"bad line in {writer}/{name}: {line!r}"
        record[key] = value
    return record
