"""Init's control socket, with a stand-in of init behind it."""

import contextlib
import socket
import threading

from waiting import wait_until


class FakeInit:
    """Keeps the requests, as text; each gets the next of ANSWERS, and "ok" when there are no more of them."""

    def __init__(self, folder, *answers):
        self.requests, self.answers, self.taken = [], list(answers), 0
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.bind(str(folder / "control"))
        self.socket.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while self.socket.fileno() >= 0:
            with contextlib.suppress(OSError):  # who asks may be gone, and closed we are told so by accept()
                connection, _ = self.socket.accept()
                with connection:
                    request = connection.recv(128).decode()
                    if request:
                        self.requests.append(request)
                        connection.sendall((self.answers.pop(0) if self.answers else "ok").encode())

    def request(self):
        """The next request, waited for."""
        wait_until(lambda: len(self.requests) > self.taken, 20, "a request to init", lambda: repr(self.requests))
        self.taken += 1
        return self.requests[self.taken - 1]

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
