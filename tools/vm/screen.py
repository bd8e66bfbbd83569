"""A serial console as a terminal: what a person would see on it."""

import re
import socket
import threading
import time

import pyte


class _Terminal(pyte.Screen):
    """Counts the lines that scrolled off: a status screen must never scroll."""

    scrolled = 0

    def index(self):
        bottom = self.margins.bottom if self.margins else self.lines - 1
        if self.cursor.y == bottom:
            self.scrolled += 1
        super().index()


class SerialScreen:
    """Reads SOCK (ours from now on) in a thread and keeps the screen's text; LOG_PATH gets the raw bytes.
    Answers the size question (cursor position report) as a terminal of COLUMNS x LINES does. `marks` tells
    when each of MARKS, byte strings, was first seen (time.monotonic)."""

    def __init__(self, sock, log_path=None, columns=80, lines=24, marks=()):
        self.sock = sock
        self.terminal = _Terminal(columns, lines)
        self.terminal.write_process_input = lambda text: self.send(text.encode())
        self.stream = pyte.ByteStream(self.terminal)
        self.changed = threading.Condition()
        self.log = open(log_path, "ab", buffering=0) if log_path else None
        self.marks, self.awaited, self.tail = {}, set(marks), b""
        self.closed = False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while data := self._receive():
            if self.log:
                self.log.write(data)
            self._note_marks(data)
            with self.changed:
                self.stream.feed(data)
                self.changed.notify_all()
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def _note_marks(self, data):
        """A mark may come in two pieces: the end of what came before is looked at again."""
        self.tail = self.tail[-64:] + data
        for mark in [mark for mark in self.awaited if mark in self.tail]:
            self.marks[mark] = time.monotonic()
            self.awaited.remove(mark)

    def _receive(self):
        try:
            return self.sock.recv(65536)
        except OSError:
            return b""

    def text(self):
        with self.changed:
            return "\n".join(line.rstrip() for line in self.terminal.display).rstrip()

    def scrolled(self):
        """Lines that have scrolled off the top so far."""
        return self.terminal.scrolled

    def send(self, data):
        """Keys, as bytes."""
        try:
            self.sock.sendall(data)
        except OSError:
            pass  # the guest has gone; `closed` says so

    def wait(self, condition, deadline_s):
        """Waits until CONDITION(text) is true; returns its value, or None after DEADLINE_S or when the
        guest has gone."""
        found = None

        def check():
            nonlocal found
            found = condition("\n".join(line.rstrip() for line in self.terminal.display))
            return found or self.closed

        with self.changed:
            self.changed.wait_for(check, deadline_s)
        return found or None

    def wait_regex(self, regex, deadline_s):
        return self.wait(re.compile(regex, re.MULTILINE).search, deadline_s)

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()
