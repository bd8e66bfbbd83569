"""A UDP server of the tests' own: a thread that does with each datagram what its class says."""

import threading


class DatagramServer:
    """Of SOCKET, which it owns. What take(data, source) raises is shown by close(): a thread's own is seen by nobody."""

    def __init__(self, socket):
        self.socket = socket
        self.errors = []
        self.ended = False
        self.socket.settimeout(0.2)
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while not self.ended:
            try:
                self.take(*self.socket.recvfrom(65536))
            except TimeoutError:
                continue
            except Exception as error:
                self.errors.append(repr(error))

    def close(self):
        self.ended = True
        self.thread.join(5)
        self.socket.close()
        assert not self.errors, self.errors


class ScriptedServer(DatagramServer):
    """ANSWER(request) returns the messages to send. `asked` are the requests so far, each with its `kind`; the class
    reads them and sends."""

    def __init__(self, socket, answer):
        self.answer = answer
        self.asked = []
        super().__init__(socket)

    def take(self, data, source):
        request = self.read(data, source)
        self.asked.append(request)
        for message in self.answer(request):
            self.send(message, request)

    def count(self, kind):
        return sum(request.kind == kind for request in list(self.asked))

    def exhibits(self):
        kinds = [request.kind for request in self.asked]
        return [(type(self).__name__, f"message types asked: {kinds[-200:]}\nerrors: {self.errors}")]
