"""The frames that come by on a Lan's bridge, whole, from the Ethernet header on."""

import socket

ETH_P_ALL, ETH_P_IP, ETH_P_ARP = 3, b"\x08\x00", b"\x08\x06"


class Capture:
    def __init__(self, lan):
        self.socket = lan.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.socket.bind(("br0", 0))
        self.socket.setblocking(False)
        self.seen = []

    def frames(self):
        try:
            while True:
                self.seen.append(self.socket.recv(2048))
        except BlockingIOError:
            return self.seen

    def dhcp_requests(self):
        """DHCP messages from a client: UDP to port 67."""
        return [f for f in self.frames() if f[12:14] == ETH_P_IP and f[23] == 17 and f[36:38] == b"\0\x43"]

    def arps(self):
        """A sender's IPv4 address is at 28, the target's at 38."""
        return [f for f in self.frames() if f[12:14] == ETH_P_ARP]

    def close(self):
        self.socket.close()
