"""A cable whose far end is a trunk: frames of each VLAN go to a Lan of their own, without their tags.

    QEMU --dgram-- <this thread> --+-- packet socket on a veth in the untagged Lan
                                   +-- the same in VLAN 5's Lan: 802.1Q tag put on and taken off here
"""

import contextlib
import os
import selectors
import socket
import struct
import threading

from cable import BUFFER_BYTES, ETH_P_ALL, FRAME_MAX, checksums_by_software

TPID = b"\x81\x00"
VID_MASK = 0x0FFF
MACS_BYTES = 12
PACKET_OUTGOING = 4


class VlanCable:
    """LANS: {VLAN's number: Lan}; 0 is the untagged one. Stands in a Guest's place of a Lan's Cable."""

    def __init__(self, lans):
        self.ours, self.qemu_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        for sock in self.ours, self.qemu_end:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
        self.wires = {vid: self._plug(lan) for vid, lan in lans.items()}
        self.stopped = os.eventfd(0)
        self.strange = []  # VLAN numbers of frames that went nowhere
        self.thread = threading.Thread(target=self._carry, daemon=True)
        self.thread.start()

    @staticmethod
    def _plug(lan):
        """A socket whose frames are those of a port of LAN."""
        port = f"trunk{next(lan.ports)}"
        lan.ip("link", "add", port, "type", "veth", "peer", "name", f"{port}-end")
        lan.sysctl(f"net.ipv6.conf.{port}-end.disable_ipv6", 1)
        lan.ip("link", "set", f"{port}-end", "up")
        lan.enslave(port)
        with lan.entered():
            checksums_by_software(port)
            wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        wire.bind((f"{port}-end", ETH_P_ALL))
        return wire

    def _from_guest(self, frame):
        vid = 0
        if frame[MACS_BYTES:MACS_BYTES + 2] == TPID:
            vid = struct.unpack_from("!H", frame, MACS_BYTES + 2)[0] & VID_MASK
            frame = frame[:MACS_BYTES] + frame[MACS_BYTES + 4:]
        if vid in self.wires:
            self.wires[vid].send(frame)
        else:
            self.strange.append(vid)

    def _to_guest(self, vid, wire):
        frame, address = wire.recvfrom(FRAME_MAX)
        if address[2] == PACKET_OUTGOING:
            return
        if vid:
            frame = frame[:MACS_BYTES] + TPID + struct.pack("!H", vid) + frame[MACS_BYTES:]
        self.ours.send(frame)

    def _carry(self):
        with selectors.DefaultSelector() as ready:
            ready.register(self.ours, selectors.EVENT_READ, lambda: self._from_guest(self.ours.recv(FRAME_MAX)))
            for vid, wire in self.wires.items():
                ready.register(wire, selectors.EVENT_READ, lambda vid=vid, wire=wire: self._to_guest(vid, wire))
            ready.register(self.stopped, selectors.EVENT_READ, None)
            while True:
                for key, _ in ready.select():
                    if key.data is None:
                        return
                    with contextlib.suppress(OSError):  # lost, as frames are
                        key.data()

    def close(self):
        os.eventfd_write(self.stopped, 1)
        self.thread.join()
        os.close(self.stopped)
        for sock in (self.ours, self.qemu_end, *self.wires.values()):
            sock.close()


class Trunk:
    """What a Guest is plugged into, in place of a Lan; closes its cables."""

    def __init__(self, lans):
        self.lans, self.cables = lans, []

    def plug_cable(self):
        self.cables.append(VlanCable(self.lans))
        return self.cables[-1]

    def exhibits(self):
        return [("VLANs of frames that went nowhere", repr([cable.strange[:20] for cable in self.cables]))]

    def close(self):
        for cable in self.cables:
            cable.close()
