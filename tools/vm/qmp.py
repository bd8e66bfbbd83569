"""QEMU's machine protocol: commands, their answers, and the events in between."""

import array
import json
import socket
import threading


class QmpError(Exception):
    pass


class Qmp:
    """Speaks on SOCK, a connected Unix socket that is now ours. Events are kept in order in `events`."""

    def __init__(self, sock):
        self.sock = sock
        self.events = []
        self.changed = threading.Condition()
        self.answers = []
        self.closed = False
        self.greeted = self.negotiated = False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        with self.sock.makefile("r", encoding="utf-8") as lines:
            try:
                for line in lines:
                    self._take(json.loads(line))
            except OSError:
                pass
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def _take(self, message):
        with self.changed:
            if "event" in message:
                self.events.append(message)
            elif "QMP" in message:
                self.greeted = True
            else:
                self.answers.append(message)
            self.changed.notify_all()

    def _await(self, condition, deadline_s, what):
        with self.changed:
            done = self.changed.wait_for(lambda: self.closed or condition(), deadline_s)
            if not condition():
                raise QmpError(f"{what}: {'QEMU has ended' if done else f'nothing within {deadline_s} s'}")

    def negotiate(self, deadline_s=30):
        """QEMU sends no event before this. Commands do it by themselves."""
        if not self.negotiated:
            self._await(lambda: self.greeted, deadline_s, "QMP greeting")
            self.negotiated = True
            self.command("qmp_capabilities")

    def command(self, name, /, fds=(), deadline_s=30, **arguments):
        """Runs one command, sending FDS along (for getfd), and returns its answer."""
        self.negotiate(deadline_s)
        message = {"execute": name, "arguments": {k.replace("_", "-"): v for k, v in arguments.items()}}
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self.sock.sendmsg([json.dumps(message).encode() + b"\n"], ancillary)
        self._await(lambda: self.answers, deadline_s, name)
        answer = self.answers.pop()
        if "error" in answer:
            raise QmpError(f"{name} {arguments}: {answer['error']['desc']}")
        return answer["return"]

    def wait_event(self, name, deadline_s, since=0, **data):
        """The first event NAME at or after position SINCE of `events` whose data hold DATA."""
        def find():
            for event in self.events[since:]:
                if event["event"] == name and data.items() <= event.get("data", {}).items():
                    return event
            return None
        self._await(find, deadline_s, f"event {name} {data}")
        return find()

    def close(self):
        self.sock.close()
