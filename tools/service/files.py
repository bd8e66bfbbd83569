"""Files and folders beside a service: FILES= and --file."""

import os
import pathlib
import posixpath
import re
import shlex

from . import folder
from .tree import Refused, Slice

FORM = "SOURCE:/PATH[:MODE[:UID[:GID]]], MODE in octal, as key.pem:/etc/key.pem:0400"
ID_MAX = 65535


def split(text, origin):
    """The words of TEXT, blanks kept by a shell's quotes."""
    try:
        return shlex.split(text)
    except ValueError as error:
        raise Refused(f"{origin}{text}: {str(error).lower()}; quotes and \\ keep blanks as in a shell") from None


def absolute(path, origin, word):
    """PATH of a root, normalized."""
    if not path.startswith("/") or ".." in path.split("/") or not path.isprintable():
        raise Refused(f"{origin}{word}: {path!r} is no path of the service's root; allowed: an absolute path without ..")
    return posixpath.normpath("/" + path.strip("/"))


def number(text, base, most, origin, word, what):
    if not re.fullmatch("[0-7]{1,5}" if base == 8 else "[0-9]{1,7}", text) or int(text, base) > most:
        raise Refused(f"{origin}{word}: {text!r} is no {what}; allowed: 0 to {most:o}" if base == 8 else
                      f"{origin}{word}: {text!r} is no {what}; allowed: 0 to {most}")
    return int(text, base)


def entry_at(tree, path):
    """What is at PATH, links on the way followed, itself not."""
    parent, name = posixpath.split(path)
    there = tree.resolve(parent)
    return tree.get(posixpath.join(there, name)) if there else None


def add(tree, text, origin="FILES=", note=lambda text: None):
    """Adds what TEXT says, later ones over earlier ones. Returns the entries whose owner it did not say. What was left out goes to
    NOTE(text)."""
    ownerless = []
    for word in split(text, origin):
        source, colon, rest = word.partition(":/")
        path, *more = rest.split(":")
        if not source or not colon or len(more) > 3:
            raise Refused(f"{origin}{word}: expected {FORM}")
        target = absolute("/" + path, origin, word)
        mode = number(more[0], 8, 0o7777, origin, word, "mode") if more and more[0] else None
        uid, gid = (number(value, 10, ID_MAX, origin, word, what) if value else None
                    for value, what in zip((more + ["", "", ""])[1:3], ("user id", "group id")))
        added = add_one(tree, pathlib.Path(source), target, path.endswith("/"), mode, f"{origin}{word}", note)
        for entry in added:
            entry.uid, entry.gid = uid or 0, (uid or 0) if gid is None else gid
        if uid is None and gid is None:
            ownerless += added
    return ownerless


def add_one(tree, source, target, into, mode, word, note):
    """The entries that SOURCE became."""
    try:
        if source.is_dir():
            from_tree = folder.read(source)
            for text in from_tree.notes:
                note(f"{word}: {text}")
            return add_folder(tree, from_tree, target, mode)
        if not source.exists():
            raise Refused(f"{word}: there is no file or folder {str(source)!r} in {os.getcwd()}")
        if not source.is_file():
            raise Refused(f"{word}: {str(source)!r} is no file and no folder")
        with open(source, "rb") as file:
            status = os.fstat(file.fileno())
    except OSError as error:
        raise Refused(f"{word}: {str(source)!r}: {error.strerror}") from None
    path = posixpath.join(target, source.name) if into or target == "/" else target
    existing = entry_at(tree, path)
    if existing and existing.kind == "folder":
        raise Refused(f"{word}: {path} is a folder of the service's root; to put the file into it, write {path}/")
    content = Slice(str(source.resolve()), 0, status.st_size)
    tree.add_file(path, content, status.st_mode & 0o777 if mode is None else mode)
    return [entry_at(tree, path)]


def add_folder(tree, from_tree, target, mode):
    """All of FROM_TREE below TARGET, over what is there. A MODE is that of its files; who may read may enter its folders."""
    added, linked = [], {}
    for path, entry in from_tree.walk():
        to = posixpath.normpath(target + path)
        if entry.kind == "folder":
            there = tree.resolve(to)
            if there and tree.get(there).kind == "folder":
                continue  # the root's own, with its owner and mode
            tree.add_folder(to, entry.mode if mode is None else mode | (mode & 0o444) >> 2)
        elif entry.kind == "symlink":
            tree.add_symlink(to, entry.target)
        elif id(entry) in linked:
            tree.add_hard_link(to, linked[id(entry)])
        else:
            tree.add_file(to, entry.content, entry.mode if mode is None else mode)
            linked[id(entry)] = to
        added.append(entry_at(tree, to))
    return added
