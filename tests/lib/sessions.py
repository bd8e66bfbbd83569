"""Sessions through the relay to an echo peer that never end by themselves, each byte compared."""

import asyncio
import os
import random
import socket
import threading

from waiting import wait_until

BYTES_MAX, PAUSE_S = 2048, 0.1
SETTLE_S = 120  # in emulation, and after retransmissions


class Sessions:
    """COUNT of them, from NAMESPACE to HOST: random bytes there and back, a short pause, and again. `rounds` counts for each
    how often that went well, `ended` says why one is over."""

    def __init__(self, namespace, host, count, port=1688):
        self.namespace, self.destination = namespace, (host, port)
        self.rounds, self.ended = [0] * count, {}
        self.sockets = [namespace.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(count)]
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        self.wait_rounds(1)

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.tasks = [self.loop.create_task(self._talk(number, sock)) for number, sock in enumerate(self.sockets)]
        self.loop.run_forever()
        for task in self.tasks:
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(*self.tasks, return_exceptions=True))
        self.loop.close()

    async def _talk(self, number, sock):
        sock.setblocking(False)
        try:
            await self.loop.sock_connect(sock, self.destination)
            while True:
                sent, got = os.urandom(random.randrange(1, BYTES_MAX)), b""
                await self.loop.sock_sendall(sock, sent)
                while len(got) < len(sent):
                    data = await self.loop.sock_recv(sock, len(sent) - len(got))
                    if not data:
                        raise ConnectionError("end of stream")
                    got += data
                if got != sent:
                    raise ConnectionError(f"{len(sent)} bytes came back wrong")
                self.rounds[number] += 1
                await asyncio.sleep(PAUSE_S)
        except OSError as error:
            self.ended[number] = repr(error)

    def wait_rounds(self, more, deadline_s=SETTLE_S):
        """Until each has come round MORE times; none may have ended."""
        before = list(self.rounds)

        def through():
            return self.ended or all(now >= then + more for now, then in zip(self.rounds, before))
        wait_until(through, deadline_s, f"{more} more rounds of each session", lambda: f"{before}\n{self.rounds}")
        assert not self.ended, f"expected no session to end, of {len(self.rounds)} these did: {self.ended}"

    def close(self):
        """Of both ends the client's; a second time does nothing."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join()
            for sock in self.sockets:
                sock.close()
