"""A cable that loses, delays, reorders, repeats and damages frames, as netem does, on kernels without it.

    namespace IFNAME --veth-- PORT  <this thread>  bad-end --veth-- bad (in the Lan's bridge)
"""

import heapq
import itertools
import selectors
import socket
import time

from cable import BUFFER_BYTES, ETH_P_ALL, FRAME_MAX, Cable, checksums_by_software

ETHERNET_HEADER_BYTES = 14
PACKET_OUTGOING = 4


class BadCable(Cable):
    """Takes the place of the cable between PORT of LAN and IFNAME of NAMESPACE. Each frame, in either direction, is
    lost, damaged or sent twice with the probability LOSS, CORRUPT or DUPLICATE, and comes DELAY_S later, give or take
    JITTER_S; with the probability REORDER it comes at once and so before others. The dice fall the same each time."""

    def __init__(self, lan, port, namespace, ifname, loss=0, corrupt=0, duplicate=0, delay_s=0, jitter_s=0, reorder=0):
        self.loss, self.corrupt, self.duplicate, self.reorder = loss, corrupt, duplicate, reorder
        self.delay_s, self.jitter_s = delay_s, jitter_s
        self.carried = self.lost = 0
        lan.ip("link", "set", port, "nomaster")
        with namespace.entered():
            checksums_by_software(ifname)
        with lan.entered():
            self.near = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.near.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        self.near.bind((port, ETH_P_ALL))
        super().__init__(lan, "bad")

    def _copies(self, frame):
        """What becomes of FRAME: [(seconds from now, frame)]."""
        if self.dice.random() < self.loss:
            self.lost += 1
            return []
        if self.dice.random() < self.corrupt:
            at = self.dice.randrange(ETHERNET_HEADER_BYTES, len(frame))
            frame = frame[:at] + bytes([frame[at] ^ 1 << self.dice.randrange(8)]) + frame[at + 1:]
        delay_s = 0 if self.dice.random() < self.reorder else self.delay_s + self.dice.uniform(-1, 1) * self.jitter_s
        return [(delay_s, frame)] * (2 if self.dice.random() < self.duplicate else 1)

    def _carry(self):
        queue, order = [], itertools.count()
        with selectors.DefaultSelector() as ready:
            ready.register(self.wire, selectors.EVENT_READ, self.near)
            ready.register(self.near, selectors.EVENT_READ, self.wire)
            ready.register(self.stopped, selectors.EVENT_READ, None)
            while True:
                patience_s = max(0, queue[0][0] - time.monotonic()) if queue else None
                for key, _ in ready.select(patience_s):
                    if key.data is None:
                        return
                    frame, address = key.fileobj.recvfrom(FRAME_MAX)
                    if address[2] == PACKET_OUTGOING:
                        continue
                    self.carried += 1
                    for delay_s, copy in self._copies(frame):
                        heapq.heappush(queue, (time.monotonic() + delay_s, next(order), copy, key.data))
                while queue and queue[0][0] <= time.monotonic():
                    _, _, frame, wire = heapq.heappop(queue)
                    try:
                        wire.send(frame)
                    except OSError:
                        pass  # lost, as frames are

    def close(self):
        super().close()
        self.near.close()
