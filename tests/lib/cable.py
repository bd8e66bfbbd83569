"""A cable from a Lan to QEMU that needs neither /dev/net/tun nor root.

    br0 --veth port=end-- packet socket  <this thread>  datagram socket -- QEMU's -netdev dgram
"""

import ctypes
import fcntl
import os
import random
import selectors
import socket
import struct
import threading

ETH_P_ALL = 3
FRAME_MAX = 65536
FRAME_MIN = 60  # no wire has less (IEEE 802.3 3.2.8, without the checksum), and from QEMU 10 on the pcnet drops it
SIOCETHTOOL, ETHTOOL_STXCSUM = 0x8946, 0x17
BUFFER_BYTES = 4 << 20


def checksums_by_software(ifname):
    """What IFNAME sends has its checksums filled in, and is cut to the MTU: the far end is not a kernel."""
    value = ctypes.create_string_buffer(struct.pack("II", ETHTOOL_STXCSUM, 0))
    request = struct.pack("16sP16x", ifname.encode(), ctypes.addressof(value))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCETHTOOL, request)


class Cable:
    """Plugged into LAN as `port` there. QEMU gets `qemu_end`, a socket, and should then close it here. Each frame is lost with
    the probability `loss`, which may be changed at any time; the dice fall the same each time."""

    loss = 0

    def __init__(self, lan, port):
        self.port = port
        self.dice = random.Random(1)
        end = f"{port}-end"
        lan.ip("link", "add", port, "type", "veth", "peer", "name", end)
        lan.sysctl(f"net.ipv6.conf.{end}.disable_ipv6", 1)
        lan.ip("link", "set", end, "up")
        lan.enslave(port)
        with lan.entered():
            checksums_by_software(port)
            self.wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        self.wire.bind((end, ETH_P_ALL))
        self.ours, self.qemu_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        for sock in self.ours, self.qemu_end:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
        self.stopped = os.eventfd(0)
        self.thread = threading.Thread(target=self._carry, daemon=True)
        self.thread.start()

    def _carry(self):
        with selectors.DefaultSelector() as ready:
            ready.register(self.wire, selectors.EVENT_READ, self.ours)
            ready.register(self.ours, selectors.EVENT_READ, self.wire)
            ready.register(self.stopped, selectors.EVENT_READ, None)
            while True:
                for key, _ in ready.select():
                    if key.data is None:
                        return
                    try:
                        frame = key.fileobj.recv(FRAME_MAX, socket.MSG_DONTWAIT)
                        if self.loss and self.dice.random() < self.loss:
                            continue
                        key.data.send(frame.ljust(FRAME_MIN, b"\0"))
                    except OSError:
                        pass  # lost, as frames are: no one at the other end, or its queue is full

    def close(self):
        os.eventfd_write(self.stopped, 1)
        self.thread.join()
        os.close(self.stopped)
        for sock in self.wire, self.ours, self.qemu_end:
            sock.close()
