"""What the status page of a guest answers."""

import contextlib
import http.client

from waiting import wait_until


def ask(namespace, host, path="/", port=80):
    """Status and body."""
    connection = http.client.HTTPConnection(host, port, timeout=20)
    connection.sock = namespace.connect(host, port, 20)
    with contextlib.closing(connection):
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode("ascii")


def wait_answer(namespace, host, path="/", status=200, deadline_s=30, port=80):
    """The body, once the answer has STATUS."""
    last = []

    def answered():
        with contextlib.suppress(OSError, http.client.HTTPException):
            last[:] = ask(namespace, host, path, port)
        return last and last[0] == status
    wait_until(answered, deadline_s, f"{path} with status {status}", lambda: str(last))
    return last[1]
