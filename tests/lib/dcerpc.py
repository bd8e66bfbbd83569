"""PDUs of DCE/RPC by hand (C706 chapter 12.6), in both byte orders, for what impacket does not send."""

import struct
import uuid

from relay import read_exactly

MAPPER = "e1af8308-5d1f-11c9-91a4-08002b14a0fa"  # the endpoint mapper, version 3
MANAGEMENT = "afa8bd80-7d8a-11c9-bef4-08002b102989"  # each RPC server's own, version 1
NDR = ("8a885d04-1ceb-11c9-9fe8-08002b104860", 2)
NDR64 = ("71710533-beba-4937-8319-b5dbef9ccc36", 1)

REQUEST, RESPONSE, FAULT, BIND, BIND_ACK, BIND_NAK, ALTER_CONTEXT, ALTER_CONTEXT_RESPONSE = 0, 2, 3, 11, 12, 13, 14, 15
FIRST, LAST = 1, 2


def pdu(kind, body, big=False, flags=FIRST | LAST, call_id=1):
    order = ">" if big else "<"
    representation = bytes([0 if big else 0x10, 0, 0, 0])
    return (bytes([5, 0, kind, flags]) + representation
            + struct.pack(order + "HHI", 16 + len(body), 0, call_id) + body)


def syntax(interface, version, big=False):
    interface = uuid.UUID(interface)
    return (interface.bytes if big else interface.bytes_le) + struct.pack(">I" if big else "<I", version)


def bind(*contexts, big=False, kind=BIND, first_id=0, **head):
    """A bind or alter_context that offers CONTEXTS: (interface, version, [transfer syntaxes])."""
    order = ">" if big else "<"
    body = struct.pack(order + "HHIBxxx", 5840, 5840, 0, len(contexts))
    for number, (interface, version, transfer) in enumerate(contexts, first_id):
        body += struct.pack(order + "HBx", number, len(transfer)) + syntax(interface, version, big)
        body += b"".join(syntax(*item, big) for item in transfer)
    return pdu(kind, body, big, **head)


def request(operation, stub, context_id=0, big=False, **head):
    return pdu(REQUEST, struct.pack(">IHH" if big else "<IHH", len(stub), context_id, operation) + stub, big, **head)


def lookup(big=False, **head):
    """ept_lookup of all elements, at most 100 (C706 appendix O)."""
    stub = struct.pack(">IIII20xI" if big else "<IIII20xI", 0, 0, 0, 1, 100)
    return request(2, stub, big=big, **head)


def read_pdu(sock):
    """The next PDU from SOCK: (its type, its body in full)."""
    head = read_exactly(sock, 16)
    big = head[4] == 0
    length = struct.unpack(">H" if big else "<H", head[8:10])[0]
    return head[2], head + read_exactly(sock, length - 16)


def results(ack):
    """Of a bind_ack or alter_context_resp: the result of each context, 0 for acceptance."""
    order = ">" if ack[4] == 0 else "<"
    at = 26 + struct.unpack(order + "H", ack[24:26])[0]  # behind the secondary address
    at = (at + 3) // 4 * 4
    return [struct.unpack(order + "H", ack[at + 4 + 24 * i:at + 6 + 24 * i])[0] for i in range(ack[at])]
